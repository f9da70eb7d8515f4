/** For the parts of the contract that the library never calls on a model. */
export function notOffered(model: string, method: string): () => Promise<never> {
  return () => Promise.reject(new TypeError(`${model} has no ${method}`));
}
