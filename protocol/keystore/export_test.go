package keystore

// What tests look at from outside.
var (
	Ask           = ask
	DecodeContent = decodeContent
	EncodeContent = encodeContent
	Seal          = seal
	Unseal        = unseal
	WriteFile     = writeFile
)

// MaxFile is the limit of a key file in bytes.
const MaxFile = maxFile
