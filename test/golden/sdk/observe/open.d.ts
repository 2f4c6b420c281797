export interface Droppable {
    isOpen: boolean;
    next: Droppable | undefined;
    previous: Droppable | undefined;
    readonly isTaken: boolean;
    readonly isWaiting: boolean;
    drop(): void;
}
export interface Hold {
    readonly inference: Droppable;
}
export declare function opened(inference: Droppable): void;
export declare function closeWhenDropped(hold: Hold): void;
export declare function closeUnlessTaken(hold: Hold): void;
export declare function closeDroppedInferences(): Promise<boolean>;
export declare function closed(inference: Droppable): void;
export declare function closeOpenInferences(): number;