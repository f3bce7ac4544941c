/** About the golden section of the flows, and coprime to them: it leads to all of them, neighbours far apart. */
export function scatteringStride(flows: number): number {
  let stride = Math.floor(flows * 0.618)
  while (flows > 1 && gcd(stride, flows) !== 1) stride++
  return stride
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
