export interface Host {
  publish(state: any, data: any): void;
  resume(): void;
  lock(ticket: number, steal: boolean): void;
  unlock(ticket: number): void;
  readStamp(): void;
  writeStamp(ticket: number, older: boolean, seen: Uint32Array, stamp: Uint32Array): void;
  tell(kind: number, stamp: Uint32Array, bearer?: string, left?: number, user?: unknown): void;
}
