package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol/wire"
)

// record is what is under a key. Nobody changes it.
type record struct {
	raw []byte
	// value is what raw stands for, a pointer that may be shared, where that is known
	// because the same process wrote it; nil where it must be decoded.
	value any
}

// memory is a [Reader] that may know what records stand for, so that they are not
// decoded again.
type memory interface {
	// recall is Get.
	recall(key []byte) (record, error)
	// each is Iterate.
	each(prefix []byte, fn func(key []byte, rec record) bool) error
}

// memoryOf returns r if it is a memory, and nil where r only has one in it: a type
// with a [MemTree] embedded has its methods, and may read in its own way.
func memoryOf(r Reader) memory {
	switch r := r.(type) {
	case *overlay:
		return r
	case *MemTree:
		return r
	}
	return nil
}

// memorable returns what a tree in memory keeps beside the bytes of a record that
// was written: of the sorts that are read most, v as decoding its bytes would give
// it; of all others nil. Nobody may have another pointer to v. It changes no
// result.
func memorable(v any) any {
	switch v := v.(type) {
	case *Account, *Payment, *Pool, *RosterJudge, *SealedWeights, *Stake:
		return v // no part of these is shared
	case *Seat:
		v.Addresses, v.Offers = whole(v.Addresses), whole(v.Offers)
		if slices.ContainsFunc(v.Offers, func(o wire.Offer) bool { return o.Models == nil }) {
			v.Offers = slices.Clone(v.Offers) // which may be shared
			for i := range v.Offers {
				v.Offers[i].Models = whole(v.Offers[i].Models)
			}
		}
		return v
	case *Bonds:
		v.UIDs, v.Values = whole(v.UIDs), whole(v.Values)
		return v
	case *Weights:
		v.UIDs, v.Values = whole(v.UIDs), whole(v.Values)
		return v
	}
	return nil
}

// whole returns a list that is not nil, as decoding gives it.
func whole[S ~[]E, E any](list S) S {
	if list == nil {
		return S{}
	}
	return list
}
