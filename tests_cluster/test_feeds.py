"""Readers of feeds, through nginx and both nodes, miss nothing while the parts fail one after another."""

import re
import time

from .load import Client
from .test_failures import recover

FEEDS = {
    "/api/orders/events/": "SELECT id FROM orders_orderevent ORDER BY position, id",
    "/api/products/stock/": "SELECT id FROM products_stockmovement ORDER BY position, id",
}


class FeedReader(Client):
    """Follows a feed from its oldest row on."""

    kind = "feeds"

    def __init__(self, cluster, history, feed):
        super().__init__(cluster, cluster.admin, history)
        self.feed, self.url, self.rows = feed, f"{feed}?page_size=1000", []

    def act(self):
        """Read a page; return whether it had any rows."""
        answer = self.call("GET", self.url)
        assert answer.status == 200, answer
        self.rows += answer.body
        self.url = re.search(r'<https?://[^/]*(/[^>]+)>; rel="next"', answer.headers["Link"])[1]
        time.sleep(0.02)
        return bool(answer.body)

    def finish(self):
        """Read the rest."""
        self.connection = None  # closed at the end of the load
        with self.open:
            while self.act():
                pass

    def expected(self):
        return [pk for (pk,) in self.cluster.primary.query(FEEDS[self.feed])]


def test_readers_of_feeds_miss_nothing(cluster, load, history, figures):
    readers = [FeedReader(cluster, history, feed) for feed in [*FEEDS, *FEEDS]]
    load.clients += readers
    with load:
        cluster.nodes[0].kill()
        recover(load)
        cluster.nodes[0].start()
        cluster.replica.restart()
        recover(load)
        cluster.primary.kill()
        cluster.fail_over()
        recover(load)
        cluster.add_replica()
        cluster.rolling_restart()
        recover(load)
    for reader in readers:
        reader.finish()

    for reader in readers:
        assert [row["id"] for row in reader.rows] == reader.expected()
    figures.append(f"  rows of each feed: {', '.join(str(len(reader.rows)) for reader in readers[:2])}; none missing")
    balances = {}
    for row in readers[1].rows:
        assert row["balance"] == balances.get(row["product"], 0) + row["delta"]
        balances[row["product"]] = row["balance"]
