declare const contentModes: readonly ['off', 'metadata', 'full'];
export type ContentMode = (typeof contentModes)[number];
export interface Place {
    readonly in: 'system' | 'input' | 'output' | 'tools';
    readonly role: string;
    readonly type: string;
}
export interface ContentOptions {
    readonly mode: ContentMode;
    readonly maxBytes?: number;
    readonly redact?: (text: string, place: Place) => string;
}
export interface ContentSettings {
    readonly mode: ContentMode;
    readonly maxBytes: number;
    readonly redact: ((text: string, place: Place) => string) | undefined;
}
export declare function setDefaultContent(option: ContentMode | ContentOptions): void;
export declare function contentOf(option: ContentMode | ContentOptions | undefined): () => ContentSettings;
export {};