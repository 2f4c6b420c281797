import type { Decision } from './policy/policy.ts';
export interface RouterStats {
    readonly mismatched: number;
    readonly diverted: number;
    readonly unclear: number;
    readonly rules: Readonly<Record<string, Readonly<Record<string, number>>>>;
}
export declare class Stats implements RouterStats {
    mismatched: number;
    diverted: number;
    unclear: number;
    readonly rules: Record<string, Record<string, number>>;
    chosen(tag: string, { policy, reason }: Decision): void;
}