package import CloudEvents
import KeptnModel

extension CDEvents {
    /// What has to be known around a Keptn event to say it in CDEvents. Less is said where less is known.
    package struct Surroundings: Sendable, Hashable {
        /// Under which Keptn is reached, without a slash at the end: `https://keptn.example.com`.
        package var address: String
        /// Earlier events with the same `shkeptncontext`, oldest first.
        package var run: [CloudEvent]
        /// The image that served in the same stage before this run; nil where nothing did.
        package var previousImage: String?

        package init(address: String, run: [CloudEvent] = [], previousImage: String? = nil) {
            self.address = address
            self.run = run
            self.previousImage = previousImage
        }
    }
}

extension CDEvents.Surroundings {
    /// The `.triggered` event that an event answers; the event itself where it is one.
    func trigger(of event: CloudEvent) -> CloudEvent? {
        guard event.eventType?.kind != .triggered else { return event }
        return event.triggeredID.flatMap { id in run.last { $0.id == id } }
    }

    /// The `.triggered` event of the sequence that a task belongs to: the only one of the same service in the same
    /// stage that was open when the task was triggered; nil where that is not certain.
    func sequence(ofTask event: CloudEvent) -> CloudEvent? {
        guard let trigger = trigger(of: event), let place = event.keptnData?.scope else { return nil }
        var open: [CloudEvent] = []
        for earlier in run.prefix(while: { $0.id != trigger.id }) {
            switch earlier.eventType {
            case .sequence(place.stage, _, .triggered)? where earlier.keptnData?.scope == place: open.append(earlier)
            case .sequence(place.stage, _, .finished)?: open.removeAll { $0.id == earlier.triggeredID }
            default: break
            }
        }
        return open.count == 1 ? open.first : nil
    }

    /// Whether nobody has said yet that this sequence has begun.
    func isUnstarted(_ sequence: CloudEvent) -> Bool {
        let place = sequence.keptnData?.scope
        return !run.drop { $0.id != sequence.id }.contains { later in
            switch later.eventType {
            case .sequence(_, _, .started)?: later.triggeredID == sequence.id
            case .task(_, .triggered)?: later.keptnData?.scope == place
            default: false
            }
        }
    }

    /// Of the API of Keptn's control plane (K §2.3): `api/controlPlane/v1/project/sockshop/stage/dev`.
    func uri(project: String? = nil, stage: String? = nil) -> String {
        var uri = "\(address)/api/controlPlane/v1/project"
        if let project { uri += "/\(URLText.encode(project))" }
        if let stage { uri += "/stage/\(URLText.encode(stage))" }
        return uri
    }

    /// Where the state of a run can be read.
    func uri(ofRun context: String, project: String) -> String {
        let sequences = "\(address)/api/controlPlane/v1/sequence/\(URLText.encode(project))"
        return "\(sequences)?keptnContext=\(URLText.encode(context))"
    }
}
