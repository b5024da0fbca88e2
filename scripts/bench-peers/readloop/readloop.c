/*
 * readloop FILE THREADS SECONDS - how fast this machine can do nothing but read
 * a file's bytes from memory: the most that decoding can reach, since each
 * token reads every weight once. Copies the file into huge pages where the
 * system gives them, reads it again and again with as many threads, each its
 * own part, and prints the median of the gigabytes (1e9) per second of a pass.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 1024, MAX_PASSES = 100000 };

struct part {
	const uint64_t *words; /* [n] */
	size_t n;
	uint64_t sum;
	pthread_barrier_t *start, *end;
	atomic_bool *over;
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* read_once sums p's words; 64 at a time, so that the compiler keeps vectors in flight. */
static void read_once(struct part *p)
{
	uint64_t sums[64] = {0};
	for (size_t i = 0; i + 64 <= p->n; i += 64)
		for (int j = 0; j < 64; j++)
			sums[j] += p->words[i + j];
	for (int j = 0; j < 64; j++)
		p->sum += sums[j];
}

static void *work(void *arg)
{
	struct part *p = arg;
	for (;;) {
		pthread_barrier_wait(p->start);
		if (atomic_load(p->over))
			return NULL;
		read_once(p);
		pthread_barrier_wait(p->end);
	}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* copy returns the file's words in memory of its own, and how many there are. */
static const uint64_t *copy(const char *path, size_t *n)
{
	const size_t huge = 2 << 20;
	struct stat st;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size < 1024)
		return NULL;
	size_t size = (size_t)st.st_size;
	char *mem = aligned_alloc(huge, (size + huge - 1) / huge * huge);
	if (mem == NULL)
		return NULL;
	madvise(mem, size, MADV_HUGEPAGE); /* a refusal costs speed only */
	for (size_t at = 0; at < size;) {
		ssize_t got = read(fd, mem + at, size - at);
		if (got <= 0)
			return NULL;
		at += (size_t)got;
	}
	close(fd);
	*n = size / 8;
	return (const uint64_t *)mem;
}

int main(int argc, char **argv)
{
	static struct part parts[MAX_THREADS];
	static double seconds[MAX_PASSES];
	int threads = argc == 4 ? atoi(argv[2]) : 0;
	double limit = argc == 4 ? atof(argv[3]) : 0;
	if (threads < 1 || threads > MAX_THREADS || !(limit > 0)) {
		fprintf(stderr, "usage: readloop FILE THREADS SECONDS\n");
		return 2;
	}
	size_t n;
	const uint64_t *words = copy(argv[1], &n);
	if (words == NULL) {
		perror(argv[1]);
		return 1;
	}
	pthread_barrier_t start, end;
	atomic_bool over = false;
	pthread_barrier_init(&start, NULL, (unsigned)threads + 1);
	pthread_barrier_init(&end, NULL, (unsigned)threads + 1);
	pthread_t ids[MAX_THREADS];
	for (int i = 0; i < threads; i++) {
		size_t from = n * (size_t)i / (size_t)threads, to = n * ((size_t)i + 1) / (size_t)threads;
		parts[i] = (struct part){words + from, to - from, 0, &start, &end, &over};
		if (pthread_create(&ids[i], NULL, work, &parts[i]) != 0) {
			perror("readloop: thread");
			return 1;
		}
	}
	int passes = 0;
	for (double began = now(); passes < MAX_PASSES && (passes < 5 || now() - began < limit); passes++) {
		double t = now();
		pthread_barrier_wait(&start);
		pthread_barrier_wait(&end);
		seconds[passes] = now() - t;
	}
	atomic_store(&over, true);
	pthread_barrier_wait(&start);
	uint64_t sum = 0;
	for (int i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		sum += parts[i].sum;
	}
	qsort(seconds, (size_t)passes, sizeof *seconds, ascending);
	fprintf(stderr, "sum %llx of %d passes\n", (unsigned long long)sum, passes); /* used, so not optimised away */
	printf("%.3f\n", (double)n * 8 / seconds[passes / 2] / 1e9);
	return 0;
}
