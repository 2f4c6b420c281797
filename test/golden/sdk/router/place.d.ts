export type Availability = 'ok' | 'rate_limit' | 'circuit_open';
export interface Placed {
    readonly rank: number;
    readonly index: number;
}
export interface Placement {
    readonly place: Placed | undefined;
    readonly passed: readonly {
        readonly at: Placed;
        readonly cause: Exclude<Availability, 'ok'>;
    }[];
}
export declare function nextPlace(tiers: readonly (readonly {
    readonly weight: number;
}[])[], rank: number, isTried: (at: Placed) => boolean, availability: (at: Placed) => Availability, random: () => number): Placement;