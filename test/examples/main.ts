/** `npm run example -- NAME`: one example against recorded answers, without keys: what was asked, who answered, why. */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { abTestRouter } from '@routescope/examples/ab-test';
import { cascadingRouter } from '@routescope/examples/cascading';
import { fallbackListRouter } from '@routescope/examples/fallback-list';
import { hybridRouter } from '@routescope/examples/hybrid';
import { mlClassifierRouter } from '@routescope/examples/ml-classifier';
import { ragRouter } from '@routescope/examples/rag';
import { registryRouter } from '@routescope/examples/registry';
import { rolloutTables, steps } from '@routescope/examples/rollout';
import { ruleBasedRouter } from '@routescope/examples/rule-based';
import { createRouter, type RouteCallOptions, type Router, type Routes } from '@routescope/sdk/router';
import { openStage, questionOf, type Stage } from './stage.ts';

interface Question {
  readonly tag?: string;
  readonly text: string;
  readonly options?: RouteCallOptions;
}

interface Example {
  readonly router: (stage: Stage) => Pick<Router<Routes>, 'route'>;
  readonly tag: string;
  readonly questions: readonly Question[];
}

const simple = 'What is the capital of France?';
const hard =
  'Design a distributed cache, step by step, and compare and contrast the ways to invalidate its entries in it';

// biome-ignore lint/suspicious/noExplicitAny: each example has tags of its own.
const any = (router: any): Pick<Router<Routes>, 'route'> => router;

const examples: Readonly<Record<string, Example>> = {
  rollout: {
    router: ({ clients }) => any(createRouter(rolloutTables(clients).after)),
    tag: '',
    questions: steps.map((tag) => ({ tag, text: simple })),
  },
  registry: {
    router: ({ clients }) => any(registryRouter(clients)),
    tag: 'ask',
    questions: [{ text: simple }, { text: hard }, { text: 'Why?', options: { feature: 'research' } }],
  },
  'rule-based': {
    router: ({ clients }) => any(ruleBasedRouter(clients)),
    tag: 'ask',
    questions: [
      { text: 'What are your hours?', options: { feature: 'faq' } },
      { text: hard, options: { feature: 'code_review' } },
      { text: simple },
    ],
  },
  'ml-classifier': {
    router: ({ clients }) => any(mlClassifierRouter(clients)),
    tag: 'ask',
    questions: [{ text: simple }, { text: hard }],
  },
  cascading: {
    router: ({ clients }) => any(cascadingRouter(clients)),
    tag: 'ask',
    questions: [{ text: simple }, { text: hard }],
  },
  hybrid: {
    router: ({ clients }) => any(hybridRouter(clients)),
    tag: 'ask',
    questions: [{ text: hard, options: { feature: 'classification' } }, { text: simple }, { text: hard }],
  },
  rag: {
    router: ({ clients }) => any(ragRouter(clients)),
    tag: 'answer-from-docs',
    questions: [
      { text: 'What is the refund window?', options: { retrievalScores: [0.92, 0.4] } },
      { text: 'What is the refund window?', options: { retrievalScores: [0.31] } },
    ],
  },
  'fallback-list': {
    router: ({ clients }) => any(fallbackListRouter(clients)),
    tag: 'sort-ticket',
    questions: [{ text: 'I was charged twice' }],
  },
  'ab-test': {
    router: ({ clients }) => any(abTestRouter(clients)),
    tag: 'summarize',
    questions: ['ada', 'bob', 'eve', 'ada'].map((userId) => ({ text: simple, options: { userId } })),
  },
};

async function main(name: string | undefined): Promise<void> {
  const example = examples[name ?? ''];
  if (!example) {
    process.stderr.write(`usage: npm run example -- NAME, NAME one of ${Object.keys(examples).join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  const exporter = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  const stage = await openStage((body) => {
    if (body.model === 'gpt-3.5-turbo') return { status: 503 };
    if (JSON.stringify(body.messages[0]).includes('Do not answer the request'))
      return {
        text: `{"tier":"${questionOf(body) === hard ? 'COMPLEX' : 'SIMPLE'}"}`,
        usage: { input: 50, output: 4 },
      };
    return { text: questionOf(body) === hard && body.model === 'gpt-4o-mini' ? "I don't know" : 'It is Paris.' };
  });
  const router = example.router(stage);
  for (const { tag = example.tag, text, options } of example.questions) {
    const { call } = await router.route(tag, { messages: [{ role: 'user', content: text }] }, options);
    const span = exporter.getFinishedSpans().find((each) => each.spanContext().spanId === call.id);
    const of = (attribute: string): unknown => span?.attributes[`routescope.${attribute}`] ?? '-';
    process.stdout.write(
      `${tag}: ${JSON.stringify(text.slice(0, 60))} ${options ? JSON.stringify(options) : ''}\n` +
        `  → ${call.tier} (${call.model}), ${of('route.policy')}: ${of('route.reason')}; attempts ${of('attempt.count')}, ` +
        `cost ${of('cost.total')} USD, at the baseline ${of('baseline.cost')} USD, arm ${of('experiment.arm')}\n`,
    );
  }
  await stage.close();
}

await main(process.argv[2]);
