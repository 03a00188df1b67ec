import CloudEvents
import Core
import IndicatorSources
import KeptnModel
import Ports
import SpecFiles
import TestSupport
import Testing

/// What is sent for a query, and what is made of the answer.
@Suite("HTTPSource")
struct HTTPSourceTests {
    private static func measure(
        _ indicator: String, answer: String, status: Int = 200,
        spec: SLIProviderSpec? = SLIProviderSpec(url: "http://m/"),
        authorization: [SLIProviderSpec.Header] = []
    ) async throws -> (value: SLIValue, sent: [OutgoingRequest]) {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: status, body: Array(answer.utf8)) }
        let indented = indicator.split(separator: "\n").map { "    \($0)\n" }.joined()
        let sli = try SpecFiles.sli(Array("indicators:\n  x:\n\(indented)".utf8), file: "sli.yaml").value
        let values = try await HTTPSource(requester: requester).measure(
            IndicatorSourceContract.request(["x"], sampled: ["x"]),
            IndicatorMeans(
                queries: sli, spec: spec, authorization: authorization, deadline: IndicatorDeadline(time: MachineTime())
            ))
        return (try #require(values.first), requester.requests)
    }

    @Test("Method, path, headers and body are templates; the provider's headers and secret go along")
    func request() async throws {
        let spec = SLIProviderSpec(url: "http://m/", headers: [.init(name: "X-Scope", value: "shop")])
        let (value, sent) = try await Self.measure(
            """
            method: POST
            path: v1/{{ .service }}?from={{ .start.milliseconds }}
            headers: {X-Stage: "{{ .stage }}"}
            body: '{"seconds": {{ .seconds }}}'
            value: series[-1].points[1]
            samples: series[-1].points[*]
            unit: s
            """, answer: #"{"series": [{}, {"points": [0.1, "0.25"]}]}"#, spec: spec,
            authorization: [.init(name: "DD-API-KEY", value: "k"), .init(name: "DD-APPLICATION-KEY", value: "a")])
        #expect(value.value == 250, "seconds become milliseconds")
        #expect(value.samples == [100, 250])
        let request = try #require(sent.first)
        #expect(request.method == "POST" && request.url == "http://m/v1/carts?from=1700000000000")
        #expect(request.body == Array(#"{"seconds": 600}"#.utf8))
        #expect(request.headers["X-Scope"] == "shop" && request.headers["X-Stage"] == "dev")
        #expect(request.headers["DD-APPLICATION-KEY"] == "a")
        #expect(request.headers["DD-API-KEY"] == "k" && request.headers["Content-Type"] == "application/json")
    }

    @Test("A URL of its own gets no secret of the provider")
    func foreign() async throws {
        let (_, sent) = try await Self.measure(
            "path: https://elsewhere/x\nvalue: a", answer: #"{"a": 1}"#,
            authorization: [.init(name: "Authorization", value: "Bearer t")])
        #expect(sent.first?.url == "https://elsewhere/x")
        #expect(sent.first?.headers["Authorization"] == nil)
    }

    @Test("A URL in the query of a path makes it no URL of its own")
    func urlInQuery() async throws {
        let (_, sent) = try await Self.measure(
            "path: /render?target=http://elsewhere/x\nvalue: a", answer: #"{"a": 1}"#,
            spec: SLIProviderSpec(url: "http://m"), authorization: [.init(name: "Authorization", value: "Bearer t")])
        #expect(sent.first?.url == "http://m/render?target=http://elsewhere/x")
        #expect(sent.first?.headers["Authorization"] == "Bearer t")
    }

    @Test(
        "An answer without the number is a failure that says so",
        arguments: [
            ("path: /\nvalue: a", "{}", 200, "no data: the answer has nothing at a"),
            ("path: /\nvalue: a", #"{"a": null}"#, 200, "no data"),
            ("path: /\nvalue: a", #"{"a": "fast"}"#, 200, #"the answer has "fast" at a, no number"#),
            ("path: /\nvalue: a[*]", #"{"a": [1, 2]}"#, 200, "has 2 values at a[*] instead of one"),
            ("path: /\nvalue: a", "<html>", 200, "the answer is no JSON"),
            ("path: /x?key=secret\nvalue: a", "{}", 503, "GET /x was answered with 503"),
            ("path: '{{ .none.more }}'\nvalue: a", "{}", 200, "'path' of the query"),
        ])
    func noNumber(_ indicator: String, _ answer: String, _ status: Int, _ reason: String) async throws {
        let (value, _) = try await Self.measure(indicator, answer: answer, status: status)
        #expect(!value.success)
        #expect(value.message.contains(reason), "\(value.message)")
    }

    @Test("A query that is not answered in time fails alone, after the time that provider.yaml gives it")
    func timeout() async throws {
        let requester = InMemoryHTTPRequester { request in
            guard request.url.hasSuffix("/slow") else {
                return IncomingResponse(status: 200, body: Array(#"{"a": 1}"#.utf8))
            }
            throw RequestFailure(.timeout, "no answer within \(request.timeout)")
        }
        let file = "indicators: {slow: {path: /slow, value: a}, quick: {path: /quick, value: a}}"
        let values = try await HTTPSource(requester: requester).measure(
            IndicatorSourceContract.request(["slow", "quick"]),
            IndicatorMeans(
                queries: try SpecFiles.sli(Array(file.utf8), file: "sli.yaml").value,
                spec: SLIProviderSpec(url: "http://m", timeout: .seconds(7)),
                deadline: IndicatorDeadline(time: ManualTime())))
        #expect(values.map(\.success) == [false, true])
        #expect(values.first?.message == "http://m cannot be asked: no answer within 7.0 seconds")
    }

    @Test("Whom to ask has to be known")
    func nowhere() async throws {
        let (value, sent) = try await Self.measure("path: /x\nvalue: a", answer: "{}", spec: nil)
        #expect(value.message.contains("it is not known whom to ask") && sent.isEmpty)
    }
}
