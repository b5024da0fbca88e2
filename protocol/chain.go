package protocol

import (
	"encoding/base32"
	"strings"
)

// A chain id is a network's name, '-' and the hash of its genesis in base32 (RFC
// 4648, lower case, without padding). All that is signed here carries the whole
// hash, so that no second genesis can be made that fits. CometBFT takes no more
// than 50 characters: its votes, the names of gossip and people get the first 16
// bytes of the hash.

// MaxNetworkName is the most characters of a network's name: with '-' and 16 bytes
// in base32 they are CometBFT's 50.
const MaxNetworkName = 23

const shortHash = 16 // bytes

var chainBase = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ChainID returns the chain id of a network with this name and hash of its genesis.
func ChainID(name string, genesis Hash) string {
	return name + "-" + chainBase.EncodeToString(genesis[:])
}

// ShortChainID returns what CometBFT, gossip and people get of a chain id, at most
// 50 characters. What is none, and what is short already, comes back as it is.
func ShortChainID(chain string) string {
	at := strings.LastIndexByte(chain, '-')
	b, err := chainBase.DecodeString(chain[at+1:])
	if err != nil || at < 0 || len(b) != len(Hash{}) {
		return chain
	}
	return chain[:at+1] + chainBase.EncodeToString(b[:shortHash])
}
