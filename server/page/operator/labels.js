/** Words beside moments on an axis: as many as there is room for, and none over another. */

const LETTER_PX = 5.7;
const GAP_PX = 7;
const NEAR_PX = 9;

const wide = (text) => text.length * LETTER_PX;

/** Moments that lie as good as on one another share their words, each said once. */
function gathered(moments) {
  const groups = [];
  for (const { x, text } of [...moments].sort((a, b) => a.x - b.x)) {
    const group = groups.at(-1);
    if (group && x - group.x <= NEAR_PX) {
      if (!group.texts.includes(text)) group.texts.push(text);
    } else groups.push({ x, texts: [text] });
  }
  return groups.map(({ x, texts }) => ({ x, text: texts.join(", ") }));
}

/**
 * @param moments `{x, text}` each
 * @param width of the axis
 * @param rows how many there are for words
 * @returns `{left, text, row}` of those that have room
 */
export function placed(moments, width, rows) {
  const taken = Array(rows).fill(-Infinity);
  return gathered(moments).flatMap(({ x, text }) => {
    const left = Math.max(0, Math.min(x - 4, width - wide(text) - 4));
    const row = taken.findIndex((until) => until + GAP_PX <= left);
    if (row < 0 || wide(text) > width) return [];
    taken[row] = left + wide(text);
    return [{ left, text, row }];
  });
}
