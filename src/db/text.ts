/** Whether PostgreSQL can hold the text: NUL is refused by it, and a lone surrogate would silently become U+FFFD. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
