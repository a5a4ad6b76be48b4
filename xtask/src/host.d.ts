export interface Host {
  publish(state: number, problem: any, data: any): void;
  resume(): void;
  recorded(): void;
  settle(ask: number, problem: any): void;
  arm(delay: number): void;
  compose(operation: number, ask: number, refreshToken: any, key: bigint, needsProof: boolean): Promise<unknown>;
  read(response: Response, operation: number, isPage: boolean): Promise<any>;
  lock(ticket: number, steal: boolean): void;
  unlock(ticket: number): void;
  readStamp(): void;
  writeStamp(ticket: number, seen: Float64Array, record: Float64Array): void;
  tell(kind: number, stamp: Float64Array, bearer?: string, left?: number, user?: unknown): void;
}
