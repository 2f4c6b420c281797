/**
 * What every recorded answer used and cost: read by eye from the recordings and multiplied with the price pages of
 * 24 November 2026 by hand and pocket calculator, never by this project's own code.
 */

/** Input, output, cache read, cache write, reasoning: as our attributes say them; null when the answer does not. */
type Tokens = readonly [
  input: number | null,
  output: number | null,
  cacheRead: number | null,
  cacheWrite: number | null,
  reasoning: number | null,
];

/** What few answers have. */
interface Extra {
  readonly tier?: string;
  readonly searches?: number;
  readonly fetches?: number;
  readonly files?: number;
  readonly seconds?: number;
  /** Tokens of other inferences on the way, input and output, and what those cost. */
  readonly nested?: readonly [number, number];
  readonly nestedUsd?: string;
  /** What is not in the cost. */
  readonly missing?: readonly string[];
}

export type Row = readonly [
  file: string,
  method: 'messages' | 'chat' | 'completions' | 'responses' | 'transcription',
  provider: string,
  model: string,
  tokens: Tokens,
  usd: number | null,
  status: 'priced' | 'partial' | 'unpriced',
  extra?: Extra,
];

// biome-ignore format: a table is read by its rows
export const golden: readonly Row[] = [
  ['anthropic/anthropic-advisor-20250301.1.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-6', [4727, 3391, 0, 0, null], 0.175686, 'priced', { tier: 'standard', nested: [2728, 3880], nestedUsd: '0.11064' }],
  ['anthropic/anthropic-advisor-stop-reasons.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-6', [10, 20, 0, 0, null], 0.00033, 'priced'],
  ['anthropic/anthropic-advisor-stop-reasons.json', 'messages', 'anthropic', 'claude-sonnet-4-6', [10, 20, null, null, null], 0.00033, 'priced'],
  ['anthropic/anthropic-clear-tool-uses.1.chunks.txt', 'messages', 'anthropic', 'claude-haiku-4-5-20251001', [859, 122, 0, 0, null], 0.001469, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-clear-tool-uses.1.json', 'messages', 'anthropic', 'claude-haiku-4-5-20251001', [859, 132, 0, 0, null], 0.001519, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-code-execution-20250825.1.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [8050, 771, 0, 0, null], 0.035715, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-code-execution-20250825.1.json', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [7881, 608, 0, 0, null], 0.032763, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-code-execution-20250825.pptx-skill.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [320032, 5558, 0, 0, null], 2.045247, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-code-execution-20250825.pptx-skill.json', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [950648, 13856, 0, 0, null], 6.015648, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-code-execution-file-upload.1.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [11505, 1103, 0, 0, null], 0.05106, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-combined-context-editing.1.json', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [50, 418, 0, 0, null], 0.00642, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-compaction.1.chunks.txt', 'messages', 'anthropic', 'claude-opus-4-6', [612, 2819, 0, 0, null], 0.38851, 'priced', { tier: 'standard', nested: [60385, 522], nestedUsd: '0.314975' }],
  ['anthropic/anthropic-fallback.json', 'messages', 'anthropic', 'claude-opus-4-8', [412, 264, 0, 0, null], 0.01274, 'priced', { nested: [408, 0], nestedUsd: '0.00408' }],
  ['anthropic/anthropic-json-other-tool.1.chunks.txt', 'messages', 'anthropic', 'claude-haiku-4-5-20251001', [843, 28, 0, 0, null], 0.000983, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-json-tool.1.chunks.txt', 'messages', 'anthropic', 'claude-haiku-4-5-20251001', [849, 47, 0, 0, null], 0.001084, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-json-tool.1.json', 'messages', 'anthropic', 'claude-haiku-4-5-20251001', [1151, 87, 0, 0, null], 0.001586, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-mcp.1.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [1250, 83, 0, 0, null], 0.004995, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-mcp.1.json', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [1250, 88, 0, 0, null], 0.00507, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-memory-20250818.1.json', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [1614, 69, 0, 0, null], 0.005877, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-message-delta-input-tokens.chunks.txt', 'messages', 'anthropic', 'claude-opus-4-5-20251101', [61, 2, null, null, null], 0.000355, 'priced'],
  ['anthropic/anthropic-refusal.json', 'messages', 'anthropic', 'claude-fable-5', [18, 5, 0, 0, null], 0.00043, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-text.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [12, 30, 0, 0, null], 0.000486, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-tool-no-args.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [565, 48, 0, 0, null], 0.002415, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-tool-search-deferred-bm25.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [1639, 95, 0, 0, null], 0.006342, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-tool-search-deferred-regex.2.json', 'messages', 'anthropic', 'claude-sonnet-4-5-20250929', [1520, 203, 0, 0, null], 0.007605, 'priced', { tier: 'standard' }],
  ['anthropic/anthropic-web-fetch-tool-20260209.1.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-6', [7172, 144, 0, 0, null], 0.023676, 'priced', { fetches: 1, tier: 'standard' }],
  ['anthropic/anthropic-web-fetch-tool-20260209.1.json', 'messages', 'anthropic', 'claude-sonnet-4-6', [7204, 162, 0, 0, null], 0.024042, 'priced', { fetches: 1, tier: 'standard' }],
  ['anthropic/anthropic-web-fetch-tool.1.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-20250514', [4230, 446, 0, 0, null], 0.01938, 'priced', { fetches: 1, tier: 'standard' }],
  ['anthropic/anthropic-web-fetch-tool.2.json', 'messages', 'anthropic', 'claude-sonnet-4-20250514', [28638, 365, 0, 0, null], 0.091389, 'priced', { fetches: 1, tier: 'standard' }],
  ['anthropic/anthropic-web-search-tool.1.chunks.txt', 'messages', 'anthropic', 'claude-sonnet-4-20250514', [15665, 795, 0, 0, null], 0.06892, 'priced', { searches: 1, tier: 'standard' }],
  ['anthropic/anthropic-web-search-tool.1.json', 'messages', 'anthropic', 'claude-sonnet-4-20250514', [27118, 600, 0, 0, null], 0.110354, 'priced', { searches: 2, tier: 'standard' }],
  ['azure/azure-code-interpreter-tool.1.chunks.txt', 'responses', 'azure.ai.openai', 'gpt-5-mini', [2143, 919, 1280, null, 576], 0.00208575, 'partial', { tier: 'default', missing: ['code_interpreter_call'] }],
  ['azure/azure-deepseek-reasoning.1.chunks.txt', 'chat', 'azure.ai.openai', 'deepseek-v4-pro', [19, 1720, null, null, 0], 0.00601866, 'priced'],
  ['azure/azure-deepseek-reasoning.1.json', 'chat', 'azure.ai.openai', 'deepseek-v4-pro', [19, 1969, null, null, null], 0.00688518, 'priced'],
  ['azure/azure-image-generation-tool.1.chunks.txt', 'responses', 'azure.ai.openai', 'gpt-4.1-mini', [1979, 67, 0, null, 0], 0.0008988, 'partial', { tier: 'default', missing: ['image_generation_call'] }],
  ['azure/azure-text.1.chunks.txt', 'responses', 'azure.ai.openai', 'gpt-5.1', [11, 11, 0, null, 0], 0.00012375, 'priced', { tier: 'default' }],
  ['azure/azure-text.1.json', 'responses', 'azure.ai.openai', 'gpt-5.1', [11, 11, 0, null, 0], 0.00012375, 'priced', { tier: 'default' }],
  ['azure/azure-tool-call.1.json', 'responses', 'azure.ai.openai', 'gpt-5.1', [45, 24, 0, null, 0], 0.00029625, 'priced', { tier: 'default' }],
  ['azure/azure-web-search-preview-tool.1.json', 'responses', 'azure.ai.openai', 'gpt-4.1-mini', [10188, 405, 0, null, 0], 0.0047232, 'partial', { tier: 'default', missing: ['web_search_preview'] }],
  ['azure/openai-file-search-tool.1.chunks.txt', 'responses', 'azure.ai.openai', 'gpt-5-mini-2025-08-07', [3737, 621, 2304, null, 512], 0.00165785, 'partial', { tier: 'default', files: 1, missing: ['fileSearch'] }],
  ['azure/openai-file-search-tool.1.json', 'responses', 'azure.ai.openai', 'gpt-5-mini-2025-08-07', [3700, 741, 2560, null, 640], 0.001831, 'partial', { tier: 'default', files: 1, missing: ['fileSearch'] }],
  ['azure/openai-file-search-tool.2.chunks.txt', 'responses', 'azure.ai.openai', 'gpt-5-mini-2025-08-07', [3748, 543, 2304, null, 448], 0.0015046, 'partial', { tier: 'default', files: 1, missing: ['fileSearch'] }],
  ['azure/openai-file-search-tool.2.json', 'responses', 'azure.ai.openai', 'gpt-5-mini-2025-08-07', [3678, 536, 2304, null, 448], 0.0014731, 'partial', { tier: 'default', files: 1, missing: ['fileSearch'] }],
  ['openai-compatible/deepseek-deepseek-reasoning.json', 'chat', 'deepseek', 'deepseek-reasoner', [18, 345, 0, null, 315], 0.00014994, 'priced'],
  ['openai-compatible/groq-groq-reasoning.json', 'chat', 'groq', 'qwen/qwen3-32b', [17, 649, null, null, 570], 0.00038784, 'priced', { tier: 'on_demand' }],
  ['openai-compatible/groq-groq-text.json', 'chat', 'groq', 'llama-3.3-70b-versatile', [45, 607, null, null, null], 0.00050608, 'priced', { tier: 'on_demand' }],
  ['openai-compatible/mistral-mistral-reasoning.json', 'chat', 'mistral_ai', 'magistral-medium-2507', [10, 46, null, null, null], 0.00025, 'priced'],
  ['openai-compatible/mistral-mistral-tool-call.chunks.txt', 'chat', 'mistral_ai', 'mistral-small-latest', [124, 22, null, null, null], 0.0000318, 'priced'],
  ['openai-compatible/moonshotai-moonshotai-text.json', 'chat', 'moonshot_ai', 'kimi-k3', [9, 5, null, null, null], 0.000102, 'priced'],
  ['openai-compatible/moonshotai-moonshotai-tool-call.json', 'chat', 'moonshot_ai', 'kimi-k3', [30, 12, null, null, null], 0.00027, 'priced'],
  ['openai-compatible/openai-compatible-anthropic-fallback-tool-call.sse', 'chat', 'openai', 'claude-haiku-4-5-20251001', [null, null, null, null, null], null, 'unpriced'],
  ['openai-compatible/openai-compatible-xai-text.chunks.txt', 'chat', 'x_ai', 'grok-3-mini', [12, 342, 11, null, 340], 0.000172125, 'priced'],
  ['openai-compatible/openai-compatible-xai-text.json', 'chat', 'x_ai', 'grok-3-mini', [12, 322, 2, null, 320], 0.00016415, 'priced'],
  ['openai-compatible/xai-xai-text.json', 'chat', 'x_ai', 'grok-3-mini', [12, 229, 2, null, 228], 0.00011765, 'priced'],
  ['openai-compatible/xai-xai-tool-call.chunks.txt', 'chat', 'x_ai', 'grok-3-mini', [291, 222, 290, null, 196], 0.00013305, 'priced'],
  ['openai/chat/openai-text.chunks.txt', 'chat', 'openai', 'gpt-4.1-nano-2025-04-14', [16, 300, 0, null, 0], 0.0001216, 'priced', { tier: 'default' }],
  ['openai/chat/openai-text.json', 'chat', 'openai', 'gpt-4.1-nano-2025-04-14', [16, 363, 0, null, 0], 0.0001468, 'priced', { tier: 'default' }],
  ['openai/completion/openai-completion-text.chunks.txt', 'completions', 'openai', 'gpt-3.5-turbo-instruct:20230824-v2', [14, 16, null, null, null], 0.000053, 'priced'],
  ['openai/completion/openai-completion-text.json', 'completions', 'openai', 'gpt-3.5-turbo-instruct:20230824-v2', [14, 16, null, null, null], 0.000053, 'priced'],
  ['openai/responses/openai-apply-patch-tool.1.chunks.txt', 'responses', 'openai', 'gpt-5.1-2025-11-13', [642, 67, 0, null, 0], 0.0014725, 'priced', { tier: 'default' }],
  ['openai/responses/openai-client-tool-search.2.chunks.txt', 'responses', 'openai', 'gpt-5.4-2026-03-05', [467, 26, 0, null, 0], 0.0015575, 'priced', { tier: 'default' }],
  ['openai/responses/openai-client-tool-search.2.json', 'responses', 'openai', 'gpt-5.4-2026-03-05', [461, 26, 0, null, 0], 0.0015425, 'priced', { tier: 'default' }],
  ['openai/responses/openai-code-interpreter-tool.1.chunks.txt', 'responses', 'openai', 'gpt-5-nano-2025-08-07', [6047, 1623, 2944, null, 1408], 0.00081907, 'partial', { tier: 'default', missing: ['code_interpreter_call'] }],
  ['openai/responses/openai-code-interpreter-tool.1.json', 'responses', 'openai', 'gpt-5-nano-2025-08-07', [2283, 1928, 0, null, 1792], 0.00088535, 'partial', { tier: 'default', missing: ['code_interpreter_call'] }],
  ['openai/responses/openai-compaction.1.chunks.txt', 'responses', 'openai', 'gpt-5.2-2025-12-11', [51097, 2505, 49792, null, 0], 0.04606735, 'priced', { tier: 'default' }],
  ['openai/responses/openai-custom-tool.1.chunks.txt', 'responses', 'openai', 'gpt-5.2-codex', [50, 20, 0, null, 0], 0.0003675, 'priced'],
  ['openai/responses/openai-custom-tool.1.json', 'responses', 'openai', 'gpt-5.2-codex', [50, 20, 0, null, 0], 0.0003675, 'priced'],
  ['openai/responses/openai-error.1.chunks.txt', 'responses', 'openai', 'gpt-5-nano-2025-08-07', [null, null, null, null, null], null, 'unpriced', { tier: 'auto' }],
  ['openai/responses/openai-file-search-tool.1.chunks.txt', 'responses', 'openai', 'gpt-5-mini-2025-08-07', [3737, 621, 2304, null, 512], 0.00415785, 'priced', { tier: 'default', files: 1 }],
  ['openai/responses/openai-file-search-tool.2.chunks.txt', 'responses', 'openai', 'gpt-5-mini-2025-08-07', [3748, 543, 2304, null, 448], 0.0040046, 'priced', { tier: 'default', files: 1 }],
  ['openai/responses/openai-file-search-tool.2.json', 'responses', 'openai', 'gpt-5-mini-2025-08-07', [3678, 536, 2304, null, 448], 0.0039731, 'priced', { tier: 'default', files: 1 }],
  ['openai/responses/openai-image-generation-tool.1.chunks.txt', 'responses', 'openai', 'gpt-5-2025-08-07', [2941, 1249, 1920, null, 1024], 0.01400625, 'partial', { tier: 'default', missing: ['image_generation_call'] }],
  ['openai/responses/openai-image-generation-tool.1.json', 'responses', 'openai', 'gpt-5-nano-2025-08-07', [3151, 1970, 0, null, 1920], 0.00094555, 'partial', { tier: 'default', missing: ['image_generation_call'] }],
  ['openai/responses/openai-local-shell-tool.1.chunks.txt', 'responses', 'openai', 'gpt-5-codex', [407, 151, 0, null, 128], 0.00201875, 'priced', { tier: 'default' }],
  ['openai/responses/openai-mcp-tool-approval.1.chunks.txt', 'responses', 'openai', 'gpt-5-mini-2025-08-07', [422, 48, 0, null, 0], 0.0002015, 'priced', { tier: 'default' }],
  ['openai/responses/openai-mcp-tool-approval.1.json', 'responses', 'openai', 'gpt-5-mini-2025-08-07', [422, 104, 0, null, 64], 0.0003135, 'priced', { tier: 'default' }],
  ['openai/responses/openai-mcp-tool-approval.3.chunks.txt', 'responses', 'openai', 'gpt-5-mini-2025-08-07', [609, 48, 0, null, 0], 0.00024825, 'priced', { tier: 'default' }],
  ['openai/responses/openai-mcp-tool-approval.3.json', 'responses', 'openai', 'gpt-5-mini-2025-08-07', [587, 104, 0, null, 64], 0.00035475, 'priced', { tier: 'default' }],
  ['openai/responses/openai-mcp-tool-approval.4.json', 'responses', 'openai', 'gpt-5-mini-2025-08-07', [765, 74, 0, null, 0], 0.00033925, 'priced', { tier: 'default' }],
  ['openai/responses/openai-mcp-tool.1.json', 'responses', 'openai', 'gpt-5-mini-2025-08-07', [6700, 1078, 0, null, 704], 0.003831, 'priced', { tier: 'default' }],
  ['openai/responses/openai-phase.1.chunks.txt', 'responses', 'openai', 'gpt-5.3-codex', [7112, 463, 3072, null, 64], 0.0140896, 'priced', { tier: 'default' }],
  ['openai/responses/openai-phase.1.json', 'responses', 'openai', 'gpt-5.3-codex', [7243, 423, 3072, null, 58], 0.01375885, 'priced', { tier: 'default' }],
  ['openai/responses/openai-shell-container-multiturn.1.chunks.txt', 'responses', 'openai', 'gpt-5.2-2025-12-11', [802, 20, 0, null, 0], 0.0016835, 'priced', { tier: 'default' }],
  ['openai/responses/openai-shell-container-multiturn.1.json', 'responses', 'openai', 'gpt-5.2-2025-12-11', [800, 19, 0, null, 0], 0.001666, 'priced', { tier: 'default' }],
  ['openai/responses/openai-shell-container.1.json', 'responses', 'openai', 'gpt-5.2-2025-12-11', [200, 120, 0, null, 0], 0.00203, 'partial', { tier: 'default', missing: ['container'] }],
  ['openai/responses/openai-shell-local-multiturn.1.chunks.txt', 'responses', 'openai', 'gpt-5.2-2025-12-11', [444, 12, 0, null, 0], 0.000945, 'priced', { tier: 'default' }],
  ['openai/responses/openai-shell-skills.1.chunks.txt', 'responses', 'openai', 'gpt-5.2-2025-12-11', [1501, 314, 1024, null, 100], 0.00540995, 'partial', { tier: 'default', missing: ['container'] }],
  ['openai/responses/openai-web-search-tool.1.chunks.txt', 'responses', 'openai', 'gpt-5-mini-2025-08-07', [31073, 4416, 3712, null, 3712], 0.03576505, 'priced', { tier: 'default', searches: 2 }],
  ['openai/responses/openai-web-search-tool.1.json', 'responses', 'openai', 'gpt-5-mini-2025-08-07', [19681, 3773, 3712, null, 3136], 0.02163105, 'priced', { tier: 'default', searches: 1 }],
  ['openai/responses/programmatic-tool-calling.1.chunks.txt', 'responses', 'openai', 'gpt-5.6-sol', [631, 87, 0, 0, 37], 0.004264, 'priced', { tier: 'default' }],
  ['openai/responses/programmatic-tool-calling.1.json', 'responses', 'openai', 'gpt-5.6-sol', [631, 139, 0, 0, 55], 0.005304, 'priced', { tier: 'default' }],
  ['openai/responses/programmatic-tool-calling.2.chunks.txt', 'responses', 'openai', 'gpt-5.6-sol', [0, 0, 0, 0, 0], 0, 'priced', { tier: 'auto' }],
  ['openai/responses/programmatic-tool-calling.3.chunks.txt', 'responses', 'openai', 'gpt-5.6-sol', [757, 35, 0, 0, 0], 0.003728, 'priced', { tier: 'default' }],
  ['openai/responses/programmatic-tool-calling.3.json', 'responses', 'openai', 'gpt-5.6-sol', [802, 58, 0, 0, 0], 0.004368, 'priced', { tier: 'default' }],
  ['openai/transcription/openai-transcription.json', 'transcription', 'openai', 'whisper-1', [null, null, null, null, null], 0.0037, 'priced', { seconds: 37 }],
];
