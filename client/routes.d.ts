// The arguments and the answer of a route, from the generated contracts. The same for all routes of both APIs.

import type { components as practiceComponents, paths as practicePaths } from "./practice.js";
import type { components, paths } from "./rekindle.js";

/** The phones' API. */
export type Couples = paths;
export type Schema = components["schemas"];
/** The practice's API. */
export type Practice = practicePaths;
export type PracticeSchema = practiceComponents["schemas"];

export type Method = "get" | "put" | "post" | "patch" | "delete";
export type Path<Paths> = keyof Paths & string;

/** The methods of a path. */
export type MethodOf<Paths, P extends Path<Paths>> = {
  [M in Method]: M extends keyof Paths[P] ? (Paths[P][M] extends { responses: unknown } ? M : never) : never;
}[Method];

type Operation<Paths, P extends Path<Paths>, M extends Method> = M extends keyof Paths[P] ? NonNullable<Paths[P][M]> : never;
type Parameters<O> = O extends { parameters: infer All } ? All : never;
type PathOf<O> = Parameters<O> extends { path: infer Names } ? { path: Names } : { path?: never };
type QueryOf<O> =
  Parameters<O> extends { query: infer Names }
    ? { query: Names }
    : Parameters<O> extends { query?: infer Names }
      ? { query?: Names }
      : { query?: never };
type BodyOf<O> = O extends { requestBody: { content: { "application/json": infer Body } } }
  ? { body: Body }
  : O extends { requestBody?: infer Content }
    ? [Content] extends [{ content: { "application/json": infer Body } } | undefined]
      ? { body?: Body }
      : { body?: undefined }
    : { body?: undefined };

/** The arguments of a call: the path's names, the query and the body, each if the route has it. */
export type Given<Paths, P extends Path<Paths>, M extends Method> = PathOf<Operation<Paths, P, M>> &
  QueryOf<Operation<Paths, P, M>> &
  BodyOf<Operation<Paths, P, M>> & { key?: string };

type Answered<O> = O extends { responses: infer Responses } ? Responses[keyof Responses & (200 | 201 | 202)] : never;

/** The answer of a success; undefined if it has no body. */
export type Answer<Paths, P extends Path<Paths>, M extends Method> =
  Answered<Operation<Paths, P, M>> extends { content: { "application/json": infer Body } } ? Body : undefined;
