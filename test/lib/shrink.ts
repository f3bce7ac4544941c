/**
 * Leaves out of a list what its last element does not need in order to fail: halves first, then ever
 * smaller pieces (after Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input").
 * @param fails whether a list fails still; the last element is always in it.
 * @param hasTime asked before each attempt: attempts can be slow.
 */
export async function shrink<T>(
  list: readonly T[],
  fails: (list: readonly T[]) => Promise<boolean>,
  hasTime: () => boolean,
): Promise<readonly T[]> {
  let kept = list
  for (let size = Math.ceil((list.length - 1) / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let end = kept.length - 1; end > 0; end -= size) {
      if (!hasTime()) return kept
      const without = [...kept.slice(0, Math.max(0, end - size)), ...kept.slice(end)]
      if (await fails(without)) kept = without
    }
  }
  return kept
}
