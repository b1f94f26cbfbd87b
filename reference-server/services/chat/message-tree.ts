interface Node {
  uuid: string;
  parent_uuid: string;
}

/** The path from the root to a leaf, the root first. Empty without a leaf or where it is not among the messages. */
export function pathTo<T extends Node>(messages: readonly T[], leafUuid: string | null): T[] {
  const byUuid = new Map(messages.map((message) => [message.uuid, message]));
  const path: T[] = [];
  let node = leafUuid === null ? undefined : byUuid.get(leafUuid);
  while (node) {
    path.push(node);
    // Taken out once visited: a loop in the data ends the walk.
    byUuid.delete(node.uuid);
    node = byUuid.get(node.parent_uuid);
  }
  return path.reverse();
}

/** Every message below a parent, each after its own parent; none of them the parent itself. */
export function subtreeUnder<T extends Node>(messages: readonly T[], parentUuid: string): T[] {
  const children = Map.groupBy(messages, (message) => message.parent_uuid);
  const found: T[] = [];
  const next = [parentUuid];
  for (let parent = next.shift(); parent !== undefined; parent = next.shift()) {
    const below = children.get(parent) ?? [];
    // Taken out once visited: a loop in the data ends the walk.
    children.delete(parent);
    found.push(...below);
    next.push(...below.map(({ uuid }) => uuid));
  }
  return found;
}
