export declare const openaiHost: RegExp;
export interface Server {
    readonly provider: string;
    readonly address: string;
    readonly port: number;
    readonly host: string;
    readonly isUnknown: boolean;
}
export declare function serverOf(client: object, kind: 'openai' | 'anthropic'): Server;
export declare const isLoopback: (address: string) => boolean;