import CloudEvents
import Core
import IndicatorSources
import KeptnModel
import Ports
import Testing

@Suite("The queries that hold without any") struct PrometheusQueryTests {
    @Test(
        "The job has -canary or -primary behind it for such a deployment only",
        arguments: [
            ("", "carts-sockshop-dev"), ("direct", "carts-sockshop-dev"), ("canary", "carts-sockshop-dev-canary"),
            ("primary", "carts-sockshop-dev-primary"),
        ])
    func job(deployment: String, job: String) async throws {
        let requester = InMemoryHTTPRequester { _ in
            IncomingResponse(
                status: 200,
                body: Array(#"{"status":"success","data":{"resultType":"scalar","result":[0,"1"]}}"#.utf8))
        }
        let end = ManualTime().now
        let request = IndicatorRequest(
            scope: Scope(project: "sockshop", stage: "dev", service: "carts"), start: end + .seconds(-300), end: end,
            indicators: ["throughput"], sampled: [], deployment: deployment, labels: [:], filters: [])
        let means = IndicatorMeans(
            queries: SLI(indicators: [:]), spec: SLIProviderSpec(url: "http://prometheus"),
            deadline: IndicatorDeadline(time: ManualTime()), file: { _ in nil })
        _ = try await PrometheusSource(requester: requester).measure(request, means)
        let form = String(decoding: requester.requests.first?.body ?? [], as: UTF8.self)
        #expect(form.contains("job%3D%27\(job)%27"), "\(form)")
    }
}
