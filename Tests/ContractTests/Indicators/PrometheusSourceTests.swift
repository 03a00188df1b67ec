import CloudEvents
import Core
import IndicatorSources
import KeptnModel
import Ports
import RemoteClients
import TestSupport
import Testing

/// What holds of Prometheus alone, against a real one: ten minutes of a service with ten good requests a second and one
/// bad one.
@Suite("PrometheusSource", .enabled(if: PrometheusServer.isThere), .timeLimit(.minutes(5)))
struct PrometheusSourceTests {
    private static let start = 1_700_000_000
    private static let end = 1_700_000_600

    /// Keptn's metrics of one job.
    private static func service(_ job: String) -> String {
        let times = Array(stride(from: start - 60, through: end, by: 15))
        func series(_ name: String, _ labels: String, perSecond: Int) -> String {
            times.map { "\(name){job=\"\(job)\",\(labels)} \(($0 - start + 60) * perSecond) \($0)\n" }.joined()
        }
        return "# TYPE http_requests counter\n" + series("http_requests_total", "status=\"200\"", perSecond: 10)
            + series("http_requests_total", "status=\"500\"", perSecond: 1)
            + "# TYPE http_response_time_milliseconds histogram\n"
            + series("http_response_time_milliseconds_bucket", "le=\"100\"", perSecond: 5)
            + series("http_response_time_milliseconds_bucket", "le=\"200\"", perSecond: 10)
            + series("http_response_time_milliseconds_bucket", "le=\"+Inf\"", perSecond: 10)
    }

    private static func request(_ indicators: [String], deployment: String = "") -> IndicatorRequest {
        IndicatorRequest(
            scope: Scope(project: "sockshop", stage: "dev", service: "carts"),
            start: Timestamp(seconds: Int64(start)), end: Timestamp(seconds: Int64(end)), indicators: indicators,
            deployment: deployment, labels: ["code": "500"])
    }

    private static func means(_ spec: SLIProviderSpec?, _ queries: [String: String] = [:]) -> IndicatorMeans {
        IndicatorMeans(
            queries: SLI(indicators: queries), spec: spec, deadline: IndicatorDeadline(time: MachineTime()))
    }

    @Test("Keptn's own indicators need no queries, and look at the service's job")
    func standardQueries() async throws {
        try await PrometheusServer.with(Self.service("carts-sockshop-dev-canary")) { server in
            let names = ["throughput", "error_rate", "response_time_p50", "response_time_p95"]
            let source = PrometheusSource(requester: WebRequester())
            let values = try await source.measure(
                Self.request(names, deployment: "canary"), Self.means(SLIProviderSpec(url: server.url)))
            #expect(values.map(\.success) == [true, true, true, true], "\(values.map(\.message))")
            for (value, expected) in zip(values.map(\.value), [11, 1.0 / 11, 100, 190]) {
                #expect(abs(value - expected) < 1e-6, "\(value), not \(expected)")
            }
            let elsewhere = try await source.measure(
                Self.request(names), Self.means(SLIProviderSpec(url: server.url + "/")))
            #expect(elsewhere.allSatisfy { !$0.success && $0.message.contains("no data") }, "that job has no metrics")
        }
    }

    @Test("A window that is shorter than the step has one sample")
    func shortWindow() async throws {
        try await PrometheusServer.with(Self.service("carts-sockshop-dev")) { server in
            var request = Self.request(["throughput"])
            request.start = request.end - .seconds(45)
            request.sampled = ["throughput"]
            let values = try await PrometheusSource(requester: WebRequester()).measure(
                request, Self.means(SLIProviderSpec(url: server.url)))
            let value = try #require(values.first)
            #expect(value.success, "\(value.message)")
            #expect(value.samples == [value.value] && abs(value.value - 11) < 1e-6)
        }
    }

    @Test("A query that has no number is a failure that says so")
    func noNumber() async throws {
        let queries = [
            "ratio": "sum(rate(http_requests_total{status='$LABEL.code'}[$DURATION_SECONDS]))",
            "nan": "scalar(nothing)",
            "infinite": "vector(1) / 0", "several": "http_requests_total", "matrix": "http_requests_total[1m]",
            "text": "\"fast\"", "broken": "sum(", "scalar": "7",
        ]
        try await PrometheusServer.with(Self.service("carts")) { server in
            let names = ["ratio", "scalar", "nan", "infinite", "several", "matrix", "text", "broken"]
            let values = try await PrometheusSource(requester: WebRequester()).measure(
                Self.request(names), Self.means(SLIProviderSpec(url: server.url), queries))
            #expect(values.map(\.success) == [true, true] + [Bool](repeating: false, count: 6))
            #expect(abs(values[0].value - 1) < 1e-9 && values[1].value == 7)
            let expected = [
                "the result is NaN", "the result is +Inf", "has 5 results instead of one", "has a matrix",
                "has a string",
                "Prometheus answered 400",
            ]
            // Two series of requests are there.
            for (value, text) in zip(values.dropFirst(2), expected) where value.metric != "several" {
                #expect(value.message.contains(text), "\(value.message)")
            }
            #expect(values[4].message.contains("has 2 results instead of one"), "\(values[4].message)")
        }
    }

    @Test("A server with a certificate and a password of its own is asked with both, and refuses without")
    func secured() async throws {
        try await PrometheusServer.with(Self.service("carts"), isSecured: true) { server in
            let spec = SLIProviderSpec(url: server.url, certificate: server.certificate)
            let (user, password) = (PrometheusServer.user, PrometheusServer.password)
            let known = SLIProviderSpec(
                authentication: [.basic(user: user, password: .init(name: "prometheus", key: "password"))])
            func ask(_ spec: SLIProviderSpec, password: String?) async throws -> SLIValue {
                var means = Self.means(spec, ["up": "vector(1)"])
                if let password { means.authorization = try await known.authorization { _ in password } }
                let values = try await PrometheusSource(requester: WebRequester()).measure(
                    Self.request(["up"]), means)
                return try #require(values.first)
            }
            #expect(try await ask(spec, password: password).value == 1)
            var careless = spec
            (careless.certificate, careless.skipsVerification) = (nil, true)
            #expect(try await ask(careless, password: password).value == 1)
            #expect(try await ask(spec, password: nil).message.contains("answered 401"))
            let wrong = try await ask(spec, password: "wrong password")
            #expect(wrong.message.contains("answered 401") && !wrong.message.contains("wrong password"))
            var strict = spec
            strict.certificate = nil
            #expect(try await ask(strict, password: password).message.contains("cannot be asked"))
            strict.certificate = "no certificate"
            #expect(try await ask(strict, password: password).message.contains("certificate to trust"))
        }
    }

    @Test("Without knowing where Prometheus is, nothing can be asked")
    func nowhere() async throws {
        let error = await #expect(throws: IndicatorError.self) {
            try await PrometheusSource(requester: WebRequester()).measure(Self.request(["throughput"]), Self.means(nil))
        }
        #expect(error?.description.contains("'url'") == true)
    }
}
