interface Level {
    readonly limit: number | undefined;
    readonly remaining: number;
    readonly resetAt: number;
    readonly at: number;
}
export interface Bucket {
    readonly levels: Readonly<Record<string, Level>>;
    readonly blockedUntil: number;
}
export declare const fullBucket: Bucket;
export declare function isNear(bucket: Bucket, now: number): boolean;
export declare function taken(bucket: Bucket): Bucket;
export type ReadHeader = (name: string) => string | undefined;
export declare function filled(bucket: Bucket, header: ReadHeader, now: number): Bucket;
export declare const blocked: (bucket: Bucket, until: number) => Bucket;
export declare function durationMs(text: string | undefined): number | undefined;
export {};