import type { Plain } from './plain.ts';
type PlainTable = Readonly<Record<string, Plain>>;
export declare function describeChanges(before: PlainTable, after: PlainTable): string[];
export {};