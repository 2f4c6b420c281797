/** Who answers: told by the client's class, else by the host that is asked (GenAI conventions' `gen_ai.provider.name`). */
export interface Server {
    readonly provider: string;
    /** Host without the port. */
    readonly address: string;
    readonly port: number;
    /** Host with the port, unless it is the scheme's own: how a user's price file names an endpoint. */
    readonly host: string;
}
/** @param kind what the client speaks; the provider when neither class nor host says more. */
export declare function serverOf(client: object, kind: 'openai' | 'anthropic'): Server;
export declare const isLoopback: (address: string) => boolean;