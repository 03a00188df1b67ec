import Core
import HTTPServing
import KeptnModel
import Ports
import ProcessRuntime
import SQLiteStore

/// What `/metrics` shows, in the Prometheus text format 0.0.4. Labels come from small sets; no ids.
enum MetricsText {
    static func all(
        store: StoreStatistics, requests: RequestStatistics, orphans: Int, hooksRefused: Int, pushes: [PushStatus],
        traffic: [RouteKey: TrafficTotals]
    ) -> String {
        var text = Writer()
        text.family("keptn_events_total", "counter", "Events appended to the log.")
        text.sample("keptn_events_total", [:], Double(store.events))
        text.family("keptn_store_commits_total", "counter", "Commits of the store.")
        text.sample("keptn_store_commits_total", [:], Double(store.commits))
        text.family("keptn_store_syncs_total", "counter", "Commits of the store that were synced to the disk.")
        text.sample("keptn_store_syncs_total", [:], Double(store.syncs))
        text.family("keptn_store_queue", "gauge", "Transactions that wait for their commit.")
        text.sample("keptn_store_queue", [:], Double(store.queued))
        text.family("keptn_orphans_total", "counter", "Ends of tasks for which no task was waiting.")
        text.sample("keptn_orphans_total", [:], Double(orphans))
        text.family("keptn_hook_refused_total", "counter", "Requests to hooks without the right secret.")
        text.sample("keptn_hook_refused_total", [:], Double(hooksRefused))
        text.family("keptn_push_delivered_total", "counter", "Events that push subscriptions have delivered.")
        for push in pushes {
            text.sample("keptn_push_delivered_total", labels(push), Double(push.delivered))
        }
        text.family("keptn_push_failed", "gauge", "Events that could not be delivered and were not replayed.")
        for push in pushes { text.sample("keptn_push_failed", labels(push), Double(push.failures)) }
        let http = requests.all.sorted { "\($0.key)" < "\($1.key)" }
        text.family("keptn_http_request_seconds", "summary", "Requests to the API and the time they took.")
        for (key, figures) in http {
            let labels = ["route": key.route, "method": key.method, "status": String(key.status)]
            text.sample("keptn_http_request_seconds_count", labels, Double(figures.count))
            text.sample("keptn_http_request_seconds_sum", labels, figures.seconds)
        }
        let totals = traffic.sorted { "\($0.key)" < "\($1.key)" }
        text.family("keptn_proxy_errors_total", "counter", "Requests to deployed services that failed.")
        for (route, total) in totals {
            text.sample("keptn_proxy_errors_total", labels(route), Double(total.errors))
        }
        text.family("keptn_proxy_request_seconds", "histogram", "Requests to deployed services and their latency.")
        for (route, total) in totals {
            for bucket in total.buckets {
                let bound = bucket.le.isInfinite ? "+Inf" : "\(bucket.le)"
                text.sample(
                    "keptn_proxy_request_seconds_bucket", labels(route).merging(["le": bound]) { $1 },
                    Double(bucket.count))
            }
            text.sample("keptn_proxy_request_seconds_count", labels(route), Double(total.requests))
            text.sample("keptn_proxy_request_seconds_sum", labels(route), total.secondsSum)
        }
        return text.result
    }

    private static func labels(_ push: PushStatus) -> [String: String] { ["subscription": push.subscription.name] }

    private static func labels(_ route: RouteKey) -> [String: String] {
        [
            "project": route.scope.project, "stage": route.scope.stage, "service": route.scope.service,
            "kind": route.kind.rawValue,
        ]
    }

    private struct Writer {
        private(set) var result = ""

        mutating func family(_ name: String, _ type: String, _ help: String) {
            result += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        }

        mutating func sample(_ name: String, _ labels: [String: String], _ value: Double) {
            let list = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escape($0.value))\"" }
            result += name + (list.isEmpty ? "" : "{\(list.joined(separator: ","))}") + " \(value)\n"
        }

        private static func escape(_ text: String) -> String {
            text.reduce(into: "") { out, character in
                switch character {
                case "\\": out += "\\\\"
                case "\"": out += "\\\""
                case "\n": out += "\\n"
                default: out.append(character)
                }
            }
        }
    }
}
