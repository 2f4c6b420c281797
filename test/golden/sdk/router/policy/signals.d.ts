export interface RouteSignals {
    readonly feature?: string;
    readonly userSegment?: string;
    readonly retrievalScores?: readonly number[];
    readonly structured?: boolean;
    readonly text?: string;
}
export declare class Signals {
    #private;
    readonly tag: string;
    readonly feature: string | undefined;
    readonly userSegment: string | undefined;
    readonly retrievalScores: readonly number[];
    readonly structured: boolean;
    readonly text: string;
    constructor(tag: string, input: unknown, said?: RouteSignals);
    get words(): number;
    get hasCode(): boolean;
    get lower(): string;
    get retrievalScore(): number | undefined;
}
export declare function countWords(text: string): number;