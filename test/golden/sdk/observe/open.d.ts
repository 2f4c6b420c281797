export interface Droppable {
    drop(): void;
}
export declare function opened(inference: Droppable): void;
export declare function closeWhenDropped(held: object, inference: Droppable): void;
export declare function closeUnlessTaken(held: object, inference: Droppable): void;
export declare function answerTaken(inference: Droppable): void;
export declare function closeDroppedInferences(): Promise<void>;
export declare function closed(inference: Droppable): void;
export declare function closeOpenInferences(): number;