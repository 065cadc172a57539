// The `Accept…` headers of HTTP.

/**
 * Returns what a header accepts, in lower case, by descending preference,
 * without parameters and what `q=0` refuses (RFC 9110, 12.4.2).
 */
export function parseAccept(header: string | null): string[] {
  return (header ?? "").toLowerCase().split(",")
    .map((part) => {
      const [value = "", ...parameters] = part.split(";").map((s) => s.trim());
      const q = parameters.find((text) => text.startsWith("q="))?.slice(2);
      return { value, weight: Number(q ?? 1) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ value }) => value);
}
