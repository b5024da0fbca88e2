package params

// PeerScores says what a gossip peer gains and loses by its behaviour
// (gossipsub v1.1, "Peer Scoring"). Every node judges its own peers for
// itself: nothing is agreed on, so these numbers are not part of [Params] and
// of the genesis. They are whole points, and seconds.
//
// The scale: a wrong message costs InvalidMessage points times the square of
// how many the topic saw, and good behaviour on all topics earns at most
// TopicCap, less than the first wrong message costs: nobody saves up for one.
type PeerScores struct {
	// Gossip, Publish and Graylist are the scores below which a peer is told
	// no message ids, is sent no message of ours, and is cut off.
	Gossip, Publish, Graylist int32
	// OpportunisticGraft is the median score of a mesh below which better
	// peers are looked for.
	OpportunisticGraft int32
	// TopicCap bounds what all topics together can earn.
	TopicCap int32
	// Topics holds the points of each topic, by the last part of its name.
	Topics map[string]TopicScore
	// SameAddress is the cost of each peer, squared, over SameAddressFree
	// that share one IP address.
	SameAddress, SameAddressFree int32
	// Behaviour is the cost of each breach of the protocol, squared, over
	// BehaviourFree: promises not kept, grafting again too early.
	Behaviour, BehaviourFree int32
	// Fault is the cost of each message, squared, that is refused before it is
	// looked at: of no topic, empty, too large.
	Fault int32
	// ForgetSeconds is how long it takes until a fault is forgotten, also
	// for a peer that went away in between.
	ForgetSeconds uint32
	// BanSeconds is for how long a peer that was cut off is not let in again.
	BanSeconds uint32
}

// TopicScore holds the points of one topic.
type TopicScore struct {
	// FirstDelivery is earned by who brings a good message first, in
	// hundredths of a point, for at most FirstDeliveryCap messages in memory.
	FirstDelivery, FirstDeliveryCap int32
	// MeshMinute is earned for each minute in the mesh, in hundredths of a
	// point, for at most MeshMinuteCap minutes.
	MeshMinute, MeshMinuteCap int32
	// InvalidMessage is the cost of a rejected message, times the square of
	// how many there were.
	InvalidMessage int32
}

// DefaultPeerScores returns the scores of the shipped networks.
//
// Two parts of gossipsub's score are off. The delivery rate of a mesh peer:
// traffic comes in bursts, one per round, so silence is no fault. And any
// score given by us to known peers: the ledger's seats can be bought.
func DefaultPeerScores() PeerScores {
	// A message is worth little and a lie costs much, on every topic alike:
	// only bytes that no honest program makes are rejected, so that one is
	// strange, and five are no accident.
	topic := func(firstCap int32) TopicScore {
		return TopicScore{
			FirstDelivery: 5, FirstDeliveryCap: firstCap,
			MeshMinute: 5, MeshMinuteCap: 20, // 1 point: staying is worth a little
			InvalidMessage: 10,
		}
	}
	return PeerScores{
		Gossip:             -30,  // the second wrong message (-40)
		Publish:            -80,  // the third (-90)
		Graylist:           -200, // the fifth (-250)
		OpportunisticGraft: 1,
		TopicCap:           8, // below the 10 of one wrong message
		Topics: map[string]TopicScore{
			"tx":     topic(40), // 2 points
			"pairs":  topic(20), // 1 point: few are set
			"answer": topic(40),
			"card":   topic(40),
		},
		SameAddress: 5, SameAddressFree: 16, // a rack behind one address is normal, a hundred peers are not
		Behaviour: 1, BehaviourFree: 16, // a machine busy with a model misses some deadlines
		Fault:         10,  // as a wrong message: the fifth cuts off
		ForgetSeconds: 600, // ten minutes: longer than a restart
		BanSeconds:    600,
	}
}
