import type { Attributes, Context, Span } from '@opentelemetry/api';
import type { Cost, Outcome, Usage } from '@routescope/conventions';
export interface Inference {
    readonly span: Span;
    readonly endedAt: number;
    readonly usage: Usage;
    readonly cost: Cost;
    readonly provider: string;
    readonly host: string;
    readonly requestModel: string;
    readonly responseModel: string | undefined;
    readonly requestMaxTokens: unknown;
    readonly requestTemperature: unknown;
    readonly outcome: Outcome;
}
export interface AttemptFrame {
    readonly parent: Context;
    readonly attributes: Attributes;
    begun(): void;
    adopt(inference: Inference): void;
    witness(inference: Inference): void;
    lost(): void;
    headers?(header: (name: string) => string | undefined): void;
}
export interface Frame {
    readonly session?: string | undefined;
    readonly tag?: string | undefined;
    readonly attempt?: AttemptFrame | undefined;
}
export declare const currentFrame: () => Frame;
export declare const withFrame: <T>(parts: Frame, fn: () => T) => T;
export declare const withSession: <T>(session: string, fn: () => T) => T;
export declare const withTag: <T>(tag: string, fn: () => T) => T;