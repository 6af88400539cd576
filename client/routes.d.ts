// What a caller has to give to a route and what it answers, out of the generated contract: small, and the same for all.

import type { components, paths } from "./rekindle.js";

export type Schema = components["schemas"];
export type Method = "get" | "put" | "post" | "patch" | "delete";
export type Path = keyof paths;

/** The methods that a path has. */
export type MethodOf<P extends Path> = {
  [M in Method]: M extends keyof paths[P] ? (paths[P][M] extends { responses: unknown } ? M : never) : never;
}[Method];

type Operation<P extends Path, M extends Method> = M extends keyof paths[P] ? NonNullable<paths[P][M]> : never;
type Parameters<O> = O extends { parameters: infer All } ? All : never;
type PathOf<O> = Parameters<O> extends { path: infer Names } ? { path: Names } : { path?: undefined };
type QueryOf<O> = Parameters<O> extends { query?: infer Names } ? { query?: Names } : { query?: undefined };
type BodyOf<O> = O extends { requestBody: { content: { "application/json": infer Body } } }
  ? { body: Body }
  : O extends { requestBody?: infer Content }
    ? [Content] extends [{ content: { "application/json": infer Body } } | undefined]
      ? { body?: Body }
      : { body?: undefined }
    : { body?: undefined };

/** What goes with a call: the path's parts, the query and the body, each if the route has one. */
export type Given<P extends Path, M extends Method> = PathOf<Operation<P, M>> &
  QueryOf<Operation<P, M>> &
  BodyOf<Operation<P, M>> & { key?: string };

type Answered<O> = O extends { responses: infer Responses } ? Responses[keyof Responses & (200 | 201)] : never;

/** What a success answers; undefined where it has no body. */
export type Answer<P extends Path, M extends Method> = Answered<Operation<P, M>> extends { content: { "application/json": infer Body } }
  ? Body
  : undefined;
