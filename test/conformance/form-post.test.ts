import { describeBasicPlan } from './basic-plan.ts';

describeBasicPlan('oidcc-formpost-basic-certification-test-plan', 'form_post');
