import { type Attributes, type Context, type Span } from '@opentelemetry/api';
import type { UserPrices } from '@routescope/conventions/prices';
export interface AdoptOptions {
    readonly prices?: UserPrices;
}
export interface AdoptableSpan extends Span {
    readonly attributes: Attributes;
    readonly startTime: [number, number];
    readonly instrumentationScope: {
        readonly name: string;
    };
    readonly status: {
        readonly code: number;
    };
}
export interface AdoptingProcessor {
    onStart(span: AdoptableSpan, parent: Context): void;
    onEnding(span: AdoptableSpan): void;
    onEnd(): void;
    forceFlush(): Promise<void>;
    shutdown(): Promise<void>;
}
export declare function adopt(options?: AdoptOptions): AdoptingProcessor;