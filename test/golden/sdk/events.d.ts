import type { ReportedEventKind } from '@routescope/conventions';
export interface RouterEvent {
    readonly kind: Extract<ReportedEventKind, 'route_table' | 'breaker' | 'budget'>;
    readonly name: string;
    readonly state: string;
    readonly tag?: string;
    readonly text: string;
    readonly numbers?: Readonly<Record<string, number>>;
    readonly at: number;
}
export declare function sendEvent(event: RouterEvent): void;
export declare function flushEvents(): Promise<void>;