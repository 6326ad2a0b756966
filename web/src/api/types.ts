/** The coordinator's objects, as docs/api.md describes them. */

export type Role = "viewer" | "operator" | "admin" | "allocator";

export interface WhoAmI {
  id: string;
  name: string;
  role: Role;
  servers: string[] | null;
}

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
  age_ms?: number;
}

export interface Sample {
  time: string;
  cpu_percent: number;
  memory_bytes: number;
  memory_limit_bytes?: number;
  network_received_bytes?: number;
  network_sent_bytes?: number;
  disk_read_bytes?: number;
  disk_written_bytes?: number;
  disk_used_bytes?: number;
  disk_limit_bytes?: number;
  pids?: number;
}

export const SERVER_STATES = [
  "waiting", "creating", "installing", "starting", "ready", "unhealthy", "paused", "stopping", "stopped", "crashed",
  "unknown", "removing",
] as const;
export type ServerState = (typeof SERVER_STATES)[number];

export interface ServerPort {
  name: string;
  inside: number;
  outside: number;
  protocol: string;
  address?: string;
}

export interface Server {
  id: string;
  name: string;
  description: string;
  game: string;
  node_id: string | null;
  state: ServerState;
  desired: string;
  reason: string;
  since: string;
  restarts: number;
  exit_code: number | null;
  image: string;
  variables: Record<string, string>;
  labels: Record<string, string>;
  ports: ServerPort[];
  address: string | null;
  memory_bytes: number;
  cpus: number;
  restart_on_crash: boolean;
  data: string;
  created_at: string;
  updated_at: string;
  generation: number;
  version: string;
  usage?: Partial<Sample> | null;
  operation?: { id: string; kind: string; state: OperationState } | null;
}

export interface FleetNode {
  id: string;
  name: string;
  state: "online" | "unreachable" | "revoked";
  version: string;
  runtime: string;
  runtime_version: string;
  hostname: string;
  address: string;
  labels: Record<string, string>;
  memory_bytes: number;
  cpus: number;
  disk_bytes: number;
  servers: number;
  last_seen: string;
  cordoned: boolean;
  resource_version?: string;
  usage?: Partial<Sample> | null;
}

export type OperationState = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export interface Operation {
  id: string;
  kind: string;
  server_id: string | null;
  server_name: string | null;
  node_id: string | null;
  state: OperationState;
  step: string;
  progress: number | null;
  detail: string;
  error: { code: string; message: string; field?: string | null } | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  by: string;
}

export type VariableType = "text" | "number" | "integer" | "boolean" | "choice";

export interface GameVariable {
  name: string;
  label?: string;
  description?: string;
  type?: VariableType;
  default?: string | number | boolean | null;
  choices?: string[];
  min?: number | null;
  max?: number | null;
  length_min?: number | null;
  length_max?: number | null;
  multiline?: boolean;
  /** What a boolean is written as; "true" and "false" unless said. */
  on?: string;
  off?: string;
  pattern?: string;
  required?: boolean;
  secret?: boolean;
}

export interface GamePort {
  name: string;
  number: number;
  protocol: string;
  description?: string;
  alternatives?: number[];
  same_outside?: boolean;
  variable?: string;
}

export interface Game {
  id: string;
  name: string;
  description?: string;
  image: string;
  alternatives?: string[];
  ports: GamePort[];
  variables: GameVariable[];
  volumes?: { name: string; target: string }[];
  memory_bytes?: number;
  cpus?: number;
  notes?: string;
  source?: string;
  version?: string;
  custom?: boolean;
}

export interface Token {
  id: string;
  name: string;
  role: Role;
  servers: string[] | null;
  created_at?: string;
  expires_at?: string | null;
  last_used_at?: string | null;
  token?: string;
}

export interface JoinToken {
  id: string;
  name?: string;
  token?: string;
  command?: string;
  warning?: string;
  expires_at: string;
  created_at?: string;
}

export interface AuditEntry {
  sequence: number;
  time: string;
  by: string;
  action: string;
  object: string;
  detail: unknown;
  hash: string;
}

export interface AuditVerdict {
  valid: boolean;
  entries: number;
  first_bad: number | null;
}

export interface Container {
  id: string;
  node_id: string;
  name: string;
  image: string;
  phase: string;
  exit_code: number | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  server_id: string | null;
}

export interface Image {
  node_id: string;
  id: string;
  names: string[];
  size_bytes: number;
  created_at?: string;
}

export interface DataFolder {
  name: string;
  server_id: string | null;
  size_bytes: number;
}

export interface FleetEvent {
  type: "hello" | "server" | "node" | "operation" | "container" | "sample";
  action?: "put" | "gone";
  object?: Record<string, unknown>;
  sequence: number;
}
