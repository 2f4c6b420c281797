export interface Droppable {
    readonly isTaken: boolean;
    drop(): void;
}
export interface Hold {
    readonly inference: Droppable;
}
export declare function opened(inference: Droppable): void;
export declare function closeWhenDropped(hold: Hold): void;
export declare function closeUnlessTaken(hold: Hold): void;
export declare function closeDroppedInferences(): Promise<void>;
export declare function closed(inference: Droppable): void;
export declare function closeOpenInferences(): number;