"""What each command means: use cases, the approval state machine and the knowledge of KB 906154."""
