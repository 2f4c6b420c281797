import type { Signals } from './signals.ts';
export interface Condition {
    readonly feature?: string | readonly string[];
    readonly userSegment?: string | readonly string[];
    readonly minWords?: number;
    readonly maxWords?: number;
    readonly hasCode?: boolean;
    readonly structured?: boolean;
    readonly keywords?: readonly string[];
    readonly noKeywords?: readonly string[];
    readonly minRetrievalScore?: number;
    readonly maxRetrievalScore?: number;
}
export interface Rule {
    readonly name: string;
    readonly when: Condition;
    readonly matches?: (signals: Signals) => boolean;
    readonly tier: string;
}
export declare function firstMatch(rules: readonly Rule[], signals: Signals): Rule | undefined;
export interface DeadRule {
    readonly rule: string;
    readonly why: string;
}
export declare function deadRules(rules: readonly Rule[]): DeadRule[];
export declare const complexities: readonly ['SIMPLE', 'MODERATE', 'COMPLEX'];
export type Complexity = (typeof complexities)[number];
export declare const complexityRules: (tiers: Readonly<Record<Complexity, string>>) => Rule[];