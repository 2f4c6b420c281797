import { type Attributes, type Context, type TraceState } from '@opentelemetry/api';
export interface Sampler {
    shouldSample(context: Context, traceId: string, spanName: string, spanKind: any, attributes: Attributes, links: any): {
        decision: number;
        attributes?: Readonly<Attributes>;
        traceState?: TraceState;
    };
    toString(): string;
}
export declare function keepShare(share: number): Sampler;
export declare const everyCall: (sampler: Sampler) => Sampler;