import CloudEvents
import KeptnModel
import Ports
import RemoteClients

/// The measured gate: 20 objectives, each with a fixed bound and one relative to ten earlier results.
enum GateWorkload {
    static let slis = (1...20).map { "sli_\($0)" }
    private static let criteria = ["<=+10%", "<600"]

    static let slo =
        "comparison: {compare_with: several_results, number_of_comparison_results: 10}\n"
        + "objectives:\n"
        + slis.map { "- {sli: \($0), pass: [{criteria: [\"\(criteria.joined(separator: "\", \""))\"]}]}\n" }.joined()
        + "total_score: {pass: \"90%\", warning: \"75%\"}\n"

    static var objectives: SLO {
        SLO(
            comparison: .init(compareWith: "several_results", numberOfComparisonResults: 10),
            objectives: slis.map { SLO.Objective(sli: $0, pass: [.init(criteria)]) },
            totalScore: .init(pass: "90%", warning: "75%"))
    }

    private static let measurements = JSON.object(slis.map { ($0, JSON.number(100)) }).text

    /// Makes the projects; gives so many of their places, those of different projects beside each other, with
    /// objectives and measurements.
    static func prepare(
        _ client: APIClient, projects: Int, stages: Int, services: Int, used: Int
    ) async throws -> [Scope] {
        let names = (1...stages).map { "stage-\($0)" }
        let shipyard =
            "apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {name: bench}\nspec:\n  stages:\n"
            + names.map { "  - {name: \($0)}\n" }.joined()
        var places: [Scope] = []
        for project in (1...projects).map({ "project-\($0)" }) {
            Output.note("preparing \(project) of \(projects)")
            _ = try await client.post(
                "controlPlane/v1/project",
                ["name": .string(project), "shipyard": .string(Base64.encode(shipyard.utf8))])
            for service in 1...services {
                _ = try await client.post(
                    "controlPlane/v1/project/\(project)/service", ["serviceName": .string("service-\(service)")])
            }
            try await write(client, "project/\(project)", "file/measurements.json", measurements)
        }
        for service in 1...services {
            for stage in names {
                for project in 1...projects where places.count < used {
                    places.append(Scope(project: "project-\(project)", stage: stage, service: "service-\(service)"))
                }
            }
        }
        for place in places {
            try await write(
                client, "project/\(place.project)/stage/\(place.stage)/service/\(place.service)", "slo.yaml", slo)
        }
        return places
    }

    private static func write(_ client: APIClient, _ place: String, _ path: String, _ text: String) async throws {
        _ = try await client.post(
            "resource-service/v1/\(place)/resource",
            ["resources": [["resourceURI": .string(path), "resourceContent": .string(Base64.encode(text.utf8))]]])
    }

    static func trigger(_ place: Scope) -> CloudEvent {
        CloudEvent(
            keptn: .sequence(stage: place.stage, name: "evaluation", kind: .triggered), id: SystemIDs().newID(),
            source: "keptn-bench", time: SystemTime().now, context: SystemIDs().newID(),
            data: [
                "project": .string(place.project), "stage": .string(place.stage), "service": .string(place.service),
                "evaluation": ["timeframe": "5m"],
            ])
    }
}
