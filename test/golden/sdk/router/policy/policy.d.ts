import type { Policy } from '@routescope/conventions';
import type { Confidence } from './confidence.ts';
import { type Complexity, type Rule } from './rules.ts';
import type { Signals } from './signals.ts';
export interface StaticPolicy {
    readonly kind: 'static';
    readonly tier?: string;
}
export interface RulesPolicy {
    readonly kind: 'rules';
    readonly rules: readonly Rule[];
    readonly otherwise?: string;
}
export interface ClassifierPolicy {
    readonly kind: 'classifier';
    readonly tag: string;
    readonly tiers?: Readonly<Partial<Record<Complexity, string>>>;
}
export interface CascadePolicy {
    readonly kind: 'cascade';
    readonly threshold?: number;
    readonly confidence?: Confidence;
}
export interface HybridPolicy {
    readonly kind: 'hybrid';
    readonly features: Readonly<Record<string, string>>;
    readonly otherwise: RulesPolicy | ClassifierPolicy | CascadePolicy;
}
export type RoutePolicy = StaticPolicy | RulesPolicy | ClassifierPolicy | CascadePolicy | HybridPolicy;
export interface Decision {
    readonly rank: number;
    readonly policy: Policy;
    readonly reason: string;
}
export type Choice = Decision | {
    readonly ask: ClassifierPolicy;
};
export declare function choose(policy: RoutePolicy | undefined, tiers: readonly {
    readonly name: string;
}[], signals: Signals): Choice;
export declare function tierOf(complexity: Complexity, policy: ClassifierPolicy, tiers: readonly {
    readonly name: string;
}[]): number;
export declare function complexityOf(text: string): {
    readonly complexity: Complexity;
    readonly isUnderstood: boolean;
};
export declare const classifierInput: (text: string) => {
    system: string;
    messages: {
        role: 'user';
        content: string;
    }[];
};