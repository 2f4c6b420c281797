import type { Routes } from './routes.ts';
export type Plain = any;
export declare function plainTable(table: Routes): Record<string, Plain>;
export declare const versionOf: (table: Record<string, Plain>) => string;