export interface ArmShare {
    readonly name: string;
    readonly share: number;
}
export declare function armOf<Arm extends ArmShare>(experiment: string, arms: readonly Arm[], userId: string): Arm | undefined;