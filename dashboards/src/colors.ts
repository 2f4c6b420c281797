/** One colour for one thing on every chart, readable on Grafana's light and dark ground. Red is for failure. */

export const tierColors: Readonly<Record<string, string>> = {
  small: '#37872d',
  mid: '#3274d9',
  frontier: '#a352cc',
};

export const attention = { look: '#e0752d', bad: '#e02f44' } as const;

export const changeColors = { route_table: '#a352cc', deploy: '#3274d9', price: '#b58a00' } as const;

export const alarmColor = attention.bad;

/** Grafana's two grounds. */
export const grounds = ['#ffffff', '#181b1f'] as const;
