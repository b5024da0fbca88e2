package usage

// VersionOf is the version that is read from how a program was built.
var VersionOf = version
