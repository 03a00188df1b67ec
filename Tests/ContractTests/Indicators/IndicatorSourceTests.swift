import CloudEvents
import Core
import IndicatorSources
import KeptnModel
import Ports
import RemoteClients
import SpecFiles
import TestSupport
import Testing

private typealias Contract = IndicatorSourceContract

/// The contract of `IndicatorSource` on every source: files, and a real Prometheus, which is also an HTTP server that
/// answers with JSON.
@Suite("IndicatorSource", .timeLimit(.minutes(5)))
struct IndicatorSourceTests {
    enum Way: String, CaseIterable { case file, prometheus, http }

    static let ways = PrometheusServer.isThere ? Way.allCases : [.file]

    @Test("Prometheus is installed, so that nothing is left out")
    func programs() { #expect(PrometheusServer.isThere, "make test-deps installs it") }

    @Test("Values come in order, and what has none says why", arguments: ways)
    func order(_ way: Way) async throws { try await with(way) { try await Contract.answersInOrder($0, $1) } }

    @Test("Samples come where they were asked for", arguments: ways)
    func samples(_ way: Way) async throws { try await with(way) { try await Contract.sampling($0, $1) } }

    @Test("When the time is over nobody is asked", arguments: ways.filter { $0 != .file })
    func outOfTime(_ way: Way) async throws { try await with(way) { try await Contract.outOfTime($0, $1) } }

    private func with(
        _ way: Way, _ body: @escaping (any IndicatorSource, IndicatorMeans) async throws -> Void
    ) async throws {
        func means(_ sli: String, url: String? = nil, step: Duration = .seconds(60)) throws -> IndicatorMeans {
            IndicatorMeans(
                queries: try SpecFiles.sli(Array("indicators:\n\(sli)".utf8), file: "sli.yaml").value,
                spec: url.map { SLIProviderSpec(url: $0, step: step) },
                deadline: IndicatorDeadline(time: MachineTime()),
                file: { path in path == "file/measurements.csv" ? Array(Self.table.utf8) : nil })
        }
        let requester = WebRequester()
        switch way {
        case .file: try await body(FileSource(), try means("  growing: p50(growing)"))
        case .prometheus:
            try await PrometheusServer.with(Self.samples) { server in
                try await body(
                    PrometheusSource(requester: requester),
                    try means("  steady: steady\n  growing: growing\n  absent: absent", url: server.url))
            }
        case .http:
            func query(_ name: String) -> String {
                "  \(name):\n    path: /api/v1/query?query={{ urlquery \"\(name)\" }}&time={{ .end.seconds }}\n"
                    + "    value: data.result[0].value[1]\n"
            }
            let growing =
                "  growing:\n    path: /api/v1/query_range?query=growing&start={{ .start.seconds }}"
                + "&end={{ .end.seconds }}&step=60\n    value: data.result[0].values[-1][1]\n"
                + "    samples: data.result[*].values[*][1]\n"
            try await PrometheusServer.with(Self.samples) { server in
                try await body(
                    HTTPSource(requester: requester),
                    try means(query("steady") + query("absent") + growing, url: server.url))
            }
        }
    }

    private static let table = "steady,growing,absent\n42,1,\n42,2,\n42,3,\n42,4,\n42,5,\n"

    private static let samples: String = {
        let times = stride(from: 1_699_999_700, through: 1_700_000_600, by: 15)
        func family(_ name: String, _ value: (Int) -> Int) -> String {
            "# TYPE \(name) gauge\n" + times.map { "\(name) \(value($0)) \($0)\n" }.joined()
        }
        return family("steady") { _ in 42 } + family("growing") { ($0 - 1_699_999_700) / 15 + 1 }
    }()
}
