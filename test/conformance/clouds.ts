/** The clouds' variants of the two clients: how each is made, and what its cloud puts around the vendor's answers. */
import { type CloudName, fromSdks } from './versions.ts';
import type { Wire } from './wire.ts';

export interface Cloud {
  /** What the package calls the class. */
  readonly name: string;
  readonly host: string;
  /** `gen_ai.provider.name` */
  readonly provider: string;
  /**
   * Options of the constructor that say where, and who asks; credentials are dummies.
   * @param base number of the SDK below it, as a dialect's
   */
  readonly options: (key: string, base: number) => Readonly<Record<string, unknown>>;
  /** The options of these that a base URL stands for. */
  readonly place: readonly string[];
  /** The client's field with the key that it sends; absent where the app gives no key. */
  readonly keyField?: (base: number) => string;
  /** Answers as the cloud frames them. */
  readonly framed?: (answer: Response) => Response;
}

const authClient = {
  projectId: 'project-1',
  getRequestHeaders: async (): Promise<Headers> => new Headers({ authorization: 'Bearer token-1' }),
};

/** As Google's older library gives it. */
const googleAuth = {
  getClient: async () => ({
    projectId: 'project-1',
    getRequestHeaders: async () => ({ authorization: 'Bearer token-1' }),
  }),
};

/** Before it, Bedrock's client knew no key but AWS's, and Vertex's no client for its credentials. */
const newerBase = 50;

export const clouds: Readonly<Record<CloudName, Cloud>> = {
  azure: {
    name: 'AzureOpenAI',
    host: 'unit.openai.azure.com',
    provider: 'azure.ai.openai',
    options: (apiKey) => ({ endpoint: 'https://unit.openai.azure.com', apiVersion: '2024-10-21', apiKey }),
    place: ['endpoint'],
    keyField: () => 'apiKey',
  },
  bedrock: {
    name: 'AnthropicBedrock',
    host: 'bedrock-runtime.eu-west-1.amazonaws.com',
    provider: 'aws.bedrock',
    options: (apiKey, base) => ({
      awsRegion: 'eu-west-1',
      ...(base < newerBase ? { awsAccessKey: apiKey, awsSecretKey: 'secret-1' } : { apiKey }),
    }),
    place: [],
    keyField: (base) => (base < newerBase ? 'awsAccessKey' : base < 1_000 ? 'authToken' : 'apiKey'),
    framed: asEventStream,
  },
  vertex: {
    name: 'AnthropicVertex',
    host: 'us-east5-aiplatform.googleapis.com',
    provider: 'gcp.vertex_ai',
    options: (_, base) => ({
      region: 'us-east5',
      projectId: 'project-1',
      ...(base < newerBase ? { googleAuth } : { authClient }),
    }),
    place: [],
  },
  foundry: {
    name: 'AnthropicFoundry',
    host: 'unit.services.ai.azure.com',
    provider: 'azure.ai.inference',
    options: (apiKey) => ({ resource: 'unit', apiKey }),
    place: ['resource'],
    keyField: () => 'apiKey',
  },
};

/** The client's `fetch`, behind which the cloud frames what the script answers. */
export const cloudFetch = ({ framed }: Cloud, fetch: Wire['fetch']): Wire['fetch'] =>
  framed === undefined ? fetch : async (...asked) => framed(await fetch(...asked));

/** Bedrock's binary frames, each around one event of the stream; an error event is a frame of its own kind. */
function asEventStream(answer: Response): Response {
  if (!answer.body || !answer.headers.get('content-type')?.includes('text/event-stream')) return answer;
  const { EventStreamCodec } = fromSdks('@smithy/eventstream-codec');
  const codec = new EventStreamCodec(
    (bytes: Uint8Array) => Buffer.from(bytes).toString(),
    (text: string) => Buffer.from(text),
  );
  const frame = (kind: string, named: Readonly<Record<string, string>>, body: object): Uint8Array => {
    const said = Object.entries({ ':message-type': kind, ':content-type': 'application/json', ...named });
    const headers = Object.fromEntries(said.map(([name, value]) => [name, { type: 'string', value }]));
    return codec.encode({ headers, body: Buffer.from(JSON.stringify(body)) });
  };
  const framesOf = (event: string): Uint8Array[] => {
    const data = /^data: ?(.*)$/m.exec(event)?.[1];
    if (data === undefined) return [];
    const { type, error } = JSON.parse(data) ?? {};
    if (type === 'error')
      return [frame('exception', { ':exception-type': error?.type ?? 'unknown' }, { message: error?.message })];
    return [frame('event', { ':event-type': 'chunk' }, { bytes: Buffer.from(data).toString('base64') })];
  };
  const source = answer.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = await source.read();
          if (done) return controller.close();
          rest += decoder.decode(value, { stream: true });
          const events = rest.split(/\r?\n\r?\n/);
          rest = events.pop() ?? '';
          const frames = events.flatMap(framesOf);
          for (const each of frames) controller.enqueue(each);
          if (frames.length > 0) return;
        }
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  const headers = new Headers(answer.headers);
  headers.set('content-type', 'application/vnd.amazon.eventstream');
  return new Response(body, { status: answer.status, headers });
}
