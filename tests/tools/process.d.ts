// The one thing of Node that consumer.ts uses.
declare const process: { argv: string[] };
