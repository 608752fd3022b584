"""The practice lab: a workspace, a management host and a cluster, imitated; it speaks only the wire."""
