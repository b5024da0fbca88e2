package split

import "sort"

// Need says what the layers from … to-1 of a model take: bytes without keys and
// values, and bytes of each page of those. More layers take more.
type Need func(from, to int) (model, page int64)

// Fill gives each device, of which free says how many bytes it has, one after
// the other as many layers as it has room for beside so many pages of keys and
// values, from layer number from on. Device i has the layers from the end of the
// one before it, or from, to ends[i]-1. It is false where there is no room for
// all layers.
func Fill(from, layers, pages int, free []int64, need Need) (ends []int, all bool) {
	for _, bytes := range free {
		to := from
		for to < layers {
			if model, page := need(from, to+1); page > bytes/int64(pages) || model+int64(pages)*page > bytes {
				break
			}
			to++
		}
		ends = append(ends, to)
		from = to
	}
	return ends, from == layers
}

// mostPages is more than any sequences need: 64 million positions.
const mostPages = 1 << 20

// Widest is Fill with the greatest number of pages for which there is room, or 0
// pages where there is room for none.
func Widest(layers int, free []int64, need Need) (ends []int, pages int) {
	pages = sort.Search(mostPages, func(n int) bool {
		_, all := Fill(0, layers, n+1, free, need)
		return !all
	})
	ends, _ = Fill(0, layers, max(1, pages), free, need)
	return ends, pages
}

// Least is Fill behind as few layers as need be, which have another place, such
// as the processor. Where there is room for no layer, those are all.
func Least(layers, pages int, free []int64, need Need) (from int, ends []int) {
	for from = range layers {
		if ends, all := Fill(from, layers, pages, free, need); all {
			return from, ends
		}
	}
	return layers, nil
}
