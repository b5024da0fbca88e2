package protocol

// Kind names what sort of work a task is: "inference". Nothing else has kinds.
type Kind string
