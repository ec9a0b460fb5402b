// With `with { type: 'file' }` Bun gives the path of the file, inside a compiled binary too
// (https://bun.com/docs/bundler/loaders#file).
declare module 'swagger-ui-dist/*' {
  const path: string
  export default path
}
declare module '*.wasm' {
  const path: string
  export default path
}
declare module '*.data' {
  const path: string
  export default path
}
