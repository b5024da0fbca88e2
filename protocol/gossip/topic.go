package gossip

import (
	"crypto/sha256"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"

	"github.com/assaynet/assay/protocol/wire"
)

// A Topic is what messages are about: the last part of the topic's full name.
type Topic string

// The topics.
const (
	TopicTx     Topic = "tx"     // ledger transactions
	TopicPairs  Topic = "pairs"  // pairs that people rate
	TopicAnswer Topic = "answer" // opened answers
	TopicCard   Topic = "card"   // score cards
)

// maxMessage is the largest message of any topic.
const maxMessage = wire.MaxAnswerBytes

// topics lists all topics, in the order in which they are joined.
var topics = []Topic{TopicTx, TopicPairs, TopicAnswer, TopicCard}

// Limit is the most bytes that a message of the topic has; 0 for no topic.
func (t Topic) Limit() int {
	switch t {
	case TopicTx:
		return wire.MaxTxBytes
	case TopicPairs:
		return wire.MaxPairsBytes
	case TopicAnswer:
		return wire.MaxAnswerBytes
	case TopicCard:
		return wire.MaxCardBytes
	}
	return 0
}

// prefix begins every name of a chain: topics, streams and the router.
func prefix(chain string) string { return "/assay/" + chain + "/1/" }

// messageID is SHA-256(topic ‖ 0 ‖ content). With the content alone, who
// repeats a transaction on another topic, where it is refused, would keep
// the real one from those that he reaches first.
func messageID(m *pb.Message) string {
	h := sha256.New()
	h.Write([]byte(m.GetTopic()))
	h.Write([]byte{0})
	h.Write(m.GetData())
	return string(h.Sum(nil))
}
