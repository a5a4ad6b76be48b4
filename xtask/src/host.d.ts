export interface Host {
  publish(state: any, data: any): void;
  resume(): void;
  compose(group: string, fields: unknown, refreshToken?: string): Promise<unknown>;
  lock(ticket: number, steal: boolean): void;
  unlock(ticket: number): void;
  readStamp(): void;
  writeStamp(ticket: number, seen: Float64Array, record: Float64Array): void;
  tell(kind: number, stamp: Float64Array, bearer?: string, left?: number, user?: unknown): void;
}
